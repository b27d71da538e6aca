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
	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/plugin"
	"github.com/s3-destination/s3-destination/resources/bench/feed"
)

// What memory.go of cmd/s3-destination has.
const (
	reserve = 32 << 20
	garbage = 400
)

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		lifecycle.OnMemoryLimit(func(total int64) {
			if total > 0 {
				debug.SetMemoryLimit(total + reserve)
				debug.SetGCPercent(garbage)
			}
		})
	}
	if os.Getenv(feed.EnvPatient) == "" {
		feed.AtEnd = plugin.Drain // else the wall clock would measure idle_timeout
	}
	feed.Then = drain
	if len(os.Args) > 1 {
		know(os.Args[1])
	}
	feed.Main()
}

// know tells the output about the input, as the product's own binary does, unless
// it is to be as in programs where nobody does.
func know(path string) {
	text, err := os.ReadFile(path)
	var parsed struct {
		Input map[string]struct{ Batch int }
	}
	if err != nil || os.Getenv(feed.EnvUnknown) != "" || yaml.Unmarshal(text, &parsed) != nil {
		return // whoever reads it next says what is wrong
	}
	config.KnowInput(sizing.Input{Kind: feed.InputName, BatchRows: parsed.Input[feed.InputName].Batch})
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
