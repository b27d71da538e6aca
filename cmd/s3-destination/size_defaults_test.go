//go:build !nokafka

package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// TestDefaultsOfKafkaInputsAreTheirs compares what `size` takes for the
// defaults of the Kafka inputs with their specifications.
func TestDefaultsOfKafkaInputsAreTheirs(t *testing.T) {
	for name, c := range map[string]struct{ settings, checkpoint, partition string }{
		"redpanda":    {"unordered_processing: {enabled: true}", "unordered_processing.checkpoint_limit", "fetch_max_partition_bytes"},
		"kafka_franz": {"", "checkpoint_limit", "fetch_max_partition_bytes"},
		"kafka":       {"", "checkpoint_limit", ""},
	} {
		t.Run(name, func(t *testing.T) {
			defaults := defaultsOf(t, name)
			file := fmt.Sprintf("input: {%s: {%s}}\noutput: {s3_destination: {bucket: b, file_format: json}}\n", name, c.settings)
			found, err := inspect.Read(file, "")
			require.NoError(t, err)
			_, in := found.Sizing()
			require.NoError(t, err)
			assert.True(t, in.Kafka)
			assert.Equal(t, name, in.Kind)
			assert.InDelta(t, defaults[c.checkpoint], in.CheckpointLimit, 0)
			period, err := time.ParseDuration(fmt.Sprint(defaults["commit_period"]))
			require.NoError(t, err)
			assert.Equal(t, period, in.CommitPeriod)
			assert.False(t, in.Skips, "nothing moves partitions without a group")
			if name == "kafka" {
				assert.InDelta(t, defaults["fetch_buffer_cap"], in.FetchEachRows, 0)
				assert.Positive(t, in.FetchEachBytes)
			}
			if c.partition != "" {
				assert.Equal(t, bytesOf(t, defaults[c.partition]), in.FetchRowBytes)
				assert.Equal(t, bytesOf(t, defaults["fetch_max_bytes"]), in.FetchBytes)
			}
		})
	}
}

func TestTheOrderedModeIsTheDefaultOfRedpanda(t *testing.T) {
	defaults := defaultsOf(t, "redpanda")
	require.Equal(t, false, defaults["unordered_processing.enabled"])
	file := "input: {redpanda: {seed_brokers: [a, b]}}\noutput: {s3_destination: {bucket: b, file_format: json}}\n"
	found, err := inspect.Read(file, "")
	require.NoError(t, err)
	_, in := found.Sizing()
	require.NoError(t, err)
	assert.Equal(t, bytesOf(t, defaults["max_yield_batch_bytes"]), in.OrderedBytes)
	assert.Zero(t, in.CheckpointLimit, "it waits for each batch instead")
	assert.Equal(t, 2*bytesOf(t, defaults["fetch_max_bytes"]), in.FetchBytes, "of each broker")
}

func bytesOf(t *testing.T, v any) int64 {
	t.Helper()
	n, err := humanize.ParseBytes(fmt.Sprint(v))
	require.NoError(t, err)
	return int64(n)
}

// defaultsOf lists the defaults of an input by path.
func defaultsOf(t *testing.T, name string) map[string]any {
	t.Helper()
	view, ok := service.GlobalEnvironment().GetInputConfig(name)
	require.True(t, ok)
	text, err := view.FormatJSON()
	require.NoError(t, err)
	type field struct {
		Name     string          `json:"name"`
		Default  any             `json:"default"`
		Children json.RawMessage `json:"children"`
	}
	var spec struct {
		Config field `json:"config"`
	}
	require.NoError(t, json.Unmarshal(text, &spec))
	found := map[string]any{}
	var walk func(prefix string, children json.RawMessage)
	walk = func(prefix string, children json.RawMessage) {
		var fields []field
		if len(children) == 0 || json.Unmarshal(children, &fields) != nil {
			return
		}
		for _, f := range fields {
			found[prefix+f.Name] = f.Default
			walk(prefix+f.Name+".", f.Children)
		}
	}
	walk("", spec.Config.Children)
	return found
}
