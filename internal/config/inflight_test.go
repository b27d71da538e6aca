package config

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// startedWith is what the binary notes of the configuration that it runs.
func startedWith(t *testing.T, conf string) {
	t.Helper()
	before := started.Load()
	t.Cleanup(func() { started.Store(before) })
	stream := service.NewEnvironment()
	parsed, err := stream.FullConfigSchema("", "").NewConfigQuerier().ParseYAML(conf)
	require.NoError(t, err)
	in := sizing.InputIn(func(name string) (any, error) {
		part, err := parsed.FieldAtPath(name)
		if err != nil {
			return nil, err
		}
		return part.FieldAny()
	})
	KnowInput(in)
}

// An input that is faster than S3 fills every slot with full batches.
func TestTheNumberOfBatchesFollowsFromTheInput(t *testing.T) {
	for name, c := range map[string]struct {
		input, extra string
		want         int
		record       int64
	}{
		"records one by one, in batches":       {"input: {batched: {policy: {count: 500, period: 1s}, child: {file: {paths: [a]}}}}", "memory_limit: 128MiB\n", 43, singleOverhead},
		"twice the memory":                     {"input: {batched: {policy: {count: 500, period: 1s}, child: {file: {paths: [a]}}}}", "memory_limit: 256MiB\n", 86, singleOverhead},
		"bounded by bytes":                     {"input: {kafka: {addresses: [a], topics: [t], batching: {count: 5000, byte_size: 500000, period: 1s}}}", "memory_limit: 128MiB\n", 116, messageOverhead},
		"batches that are large beyond reason": {"input: {batched: {policy: {count: 100000}, child: {file: {paths: [a]}}}}", "memory_limit: 128MiB\n", 8, singleOverhead},
		"collected by the output":              {"input: {file: {paths: [a]}}", "memory_limit: 128MiB\nbatching: {count: 500, period: 1s}\n", 43, singleOverhead},
		"nothing known of batches":             {"input: {http_server: {}}", "memory_limit: 128MiB\n", 1000, messageOverhead},
		"batches that come as they are":        {"input: {generate: {mapping: 'root = {}', batch_size: 100}}", "memory_limit: 128MiB\n", 230, messageOverhead},
		"bytes that something may have parsed": {"input: {kafka: {addresses: [a], topics: [t], batching: {count: 5000, byte_size: 500000, period: 1s}}}\npipeline: {processors: [{mapping: root = this}]}", "memory_limit: 128MiB\n", 46, messageOverhead},
		"blocks of files":                      {"input: {file: {paths: [a], scanner: {s3_destination_records: {}}}}", "memory_limit: 128MiB\n", 82, singleOverhead},
		"blocks of another size":               {"input: {aws_s3: {scanner: {s3_destination_records: {max_batch_bytes: 1MiB}}}}", "memory_limit: 128MiB\n", 20, singleOverhead},
		"what pipes have at once":              {"input: {stdin: {scanner: {s3_destination_records: {}}}}", "memory_limit: 128MiB\n", 1576, messageOverhead},
		"more than enough memory for pipes":    {"input: {stdin: {scanner: {s3_destination_records: {}}}}", "memory_limit: 1GiB\n", 2000, messageOverhead},
		"blocks that are put together":         {"input: {batched: {policy: {count: 500, period: 1s}, child: {stdin: {scanner: {s3_destination_records: {}}}}}}", "memory_limit: 128MiB\n", 116, messageOverhead},
		"and then they are batches as others":  {"input: {batched: {policy: {count: 100, period: 1s}, child: {stdin: {scanner: {s3_destination_records: {}}}}}}", "memory_limit: 8GiB\n", 1000, messageOverhead},
		"blocks of files put together":         {"input: {batched: {policy: {count: 500, period: 1s}, child: {file: {paths: [a], scanner: {s3_destination_records: {}}}}}}", "memory_limit: 128MiB\n", 43, singleOverhead},
		"a number of the user":                 {"input: {batched: {policy: {count: 500}, child: {file: {paths: [a]}}}}", "max_in_flight: 5000\n", 5000, singleOverhead},
	} {
		t.Run(name, func(t *testing.T) {
			startedWith(t, c.input)
			conf := parsed(t, c.extra)
			assert.Equal(t, c.want, conf.MaxInFlight)
			assert.Equal(t, c.want, conf.Chunks.MaxInFlight, "what the roll rules take for full")
			assert.Equal(t, c.record, conf.Chunks.RecordOverhead)
		})
	}
}

func TestWithoutAnInputTheDefaultIsAThousand(t *testing.T) {
	before := started.Swap(nil)
	t.Cleanup(func() { started.Store(before) })
	conf := parsed(t, "")
	assert.Equal(t, 1000, conf.MaxInFlight)
	assert.Equal(t, sizing.Input{}, known())
}

// Clients that wait for their answers pause for other reasons than a full memory.
func TestOnlyAnInputOfKafkaStopsForWantOfMemoryAlone(t *testing.T) {
	conf, err := ParseYAML("bucket: b\nregion: r\nfolder: f\nfile_format: json\n")
	require.NoError(t, err)
	for _, kafka := range []bool{true, false} {
		conf.Adapt(sizing.Input{Kafka: kafka, Grows: true})
		assert.Equal(t, kafka, conf.Grows)
		assert.Equal(t, 1000, conf.MaxInFlight)
		assert.EqualValues(t, inflight.RecordOverhead, conf.Chunks.RecordOverhead, "as the input counts it")
	}
}
