// Command ours is Benthos with s3_destination, set up like the product's own
// binary, around the input of the benchmarks.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"gopkg.in/yaml.v3"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/output"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/plugin"
	"github.com/s3-destination/s3-destination/resources/bench/feed"
)

// reserve is that of cmd/s3-destination.
const reserve = 44 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		lifecycle.OnMemoryLimit(func(total int64) {
			if total > 0 {
				debug.SetMemoryLimit(total + reserve)
			}
		})
	}
	if os.Getenv(feed.EnvPatient) == "" {
		feed.AtEnd = plugin.Drain // else the wall clock would measure idle_timeout
	}
	feed.Then = drain
	feed.Main()
}

// drain stores what an output with a spool has left in it.
func drain(text string) error {
	var parsed struct {
		Output map[string]map[string]any `yaml:"output"`
	}
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		return err
	}
	values, ours := parsed.Output[config.Name]
	if !ours || values["spool"] == nil {
		return nil
	}
	conf, err := config.ParseValues(values)
	if err != nil {
		return err
	}
	return output.DrainSpool(context.Background(), conf, "", "", func(spool.Stats) {})
}
