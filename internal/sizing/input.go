package sizing

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// kafkaInput tells where an input of Redpanda Connect keeps what decides about
// sizes, and the defaults of version 4.110.
type kafkaInput struct {
	prefix     []string // of checkpoint_limit and batching
	checkpoint int
	commit     time.Duration
	fetch      int64
	partition  int64         // fetched of one partition at once, beyond the limit
	resume     time.Duration // until a partition that was paused goes on, at most
	ordered    int64         // size of a batch in the ordered mode, if it has one
	each       int64         // fetched and unpacked of one partition, where there is no limit for a broker
	buffer     int           // and records of it that wait to be batched
	grows      bool          // see Input
	skips      bool          // it can commit what was not stored, in a group: docs/kafka.md tells how
}

// OwnKafka is the name of the Kafka input of this project.
const OwnKafka = "s3_destination_kafka"

var kafkaInputs = map[string]kafkaInput{
	"redpanda":    {prefix: []string{"unordered_processing"}, checkpoint: 1024, commit: 5 * time.Second, fetch: 50 << 20, partition: 1 << 20, resume: time.Second, ordered: 32_000, skips: true},
	"kafka_franz": {checkpoint: 1024, commit: 5 * time.Second, fetch: 50 << 20, partition: 1 << 20, resume: time.Second, skips: true},
	OwnKafka:      {commit: time.Second / 5, grows: true},
	"kafka":       {checkpoint: 1024, commit: time.Second, resume: time.Second / 2, each: 2 << 20, buffer: 256},
}

// InputIn looks for an input in the fields of a configuration that can have one.
func InputIn(field func(name string) (any, error)) Input {
	var in Input
	for _, name := range []string{"input", "input_resources"} {
		value, err := field(name)
		if err == nil && describeInput(Plain(value), &in) { // else it is not in this file
			break
		}
	}
	for _, name := range []string{"input", "input_resources", "pipeline"} {
		if value, err := field(name); err == nil {
			in.Parsed = in.Parsed || parses(Plain(value))
		}
	}
	return in
}

// parses reports whether anything there may parse records.
func parses(tree any) bool {
	switch t := tree.(type) {
	case map[string]any:
		for key, child := range t {
			list, _ := child.([]any)
			if key == "processors" && len(list) > 0 || parses(child) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(t, parses)
	}
	return false
}

// Plain turns nodes of YAML into plain values.
func Plain(value any) any {
	if node, ok := value.(interface{ Decode(into any) error }); ok {
		var v any
		if node.Decode(&v) == nil {
			return v
		}
	}
	return value
}

// describeInput looks for an input that is known, however deep it is nested.
func describeInput(tree any, in *Input) bool {
	switch t := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(t)) {
			child, ok := t[key].(map[string]any)
			if !ok {
				if describeInput(t[key], in) {
					return true
				}
				continue
			}
			if k, known := kafkaInputs[key]; known {
				k.read(key, child, in)
				return true
			}
			switch key {
			case "generate":
				in.Kind, in.BatchRows = key, Number(child["batch_size"], 1)
				return true
			case "batched":
				describeInput(child["child"], in)
				in.Singles = in.BatchRows <= 1 && !in.Batching.Any() || in.Scanned && !in.Piped // which cost as much
				in.Kind, in.BatchRows, in.Batching = key, 0, batchingOf(child["policy"])
				in.Scanned, in.Piped = false, false
				return true
			case OwnScanner:
				in.scanned(child)
				return true
			case OwnHTTP:
				in.Kind, in.Grows = key, true
				return true
			}
			if describeInput(child, in) {
				if key == "stdin" && in.Scanned {
					in.piped()
				}
				return true
			}
		}
	case []any:
		for _, element := range t {
			if describeInput(element, in) {
				return true
			}
		}
	}
	return false
}

// read takes the settings of a Kafka input.
func (k kafkaInput) read(name string, conf map[string]any, in *Input) {
	at := conf
	for _, step := range k.prefix {
		at, _ = at[step].(map[string]any)
	}
	if k.grows {
		conf = nil // of the settings none decides about sizes
	}
	*in = Input{
		Kind: name, Kafka: true, Grows: k.grows,
		CheckpointLimit: Number(at["checkpoint_limit"], k.checkpoint),
		CommitPeriod:    duration(conf["commit_period"], k.commit),
		Batching:        batchingOf(at["batching"]),
	}
	in.Resume, in.FetchEachBytes, in.FetchEachRows = k.resume, k.each, Number(conf["fetch_buffer_cap"], k.buffer)
	in.Skips = k.skips && conf["consumer_group"] != nil && conf["consumer_group"] != ""
	if k.fetch > 0 {
		brokers, _ := conf["seed_brokers"].([]any)
		in.FetchRowBytes = bytesOf(conf["fetch_max_partition_bytes"], k.partition)
		in.FetchBytes = bytesOf(conf["fetch_max_bytes"], k.fetch) * int64(max(len(brokers), 1))
	}
	if enabled := fmt.Sprint(at["enabled"]); k.ordered > 0 && enabled != "true" {
		// This mode takes over what was fetched of a partition in one piece.
		in.Batching, in.CheckpointLimit, in.Skips = Batching{}, 0, false
		in.OrderedBytes = bytesOf(conf["max_yield_batch_bytes"], k.ordered)
	}
}

// batchingOf reads a batching policy.
func batchingOf(conf any) Batching {
	p, _ := conf.(map[string]any)
	return Batching{
		Count:  Number(p["count"], 0),
		Bytes:  int64(Number(p["byte_size"], 0)),
		Period: duration(p["period"], 0),
	}
}

// The values of a configuration may be numbers or the text that replaced a
// variable. What cannot be read is what lint reports; here it is the default.

// Number is a value as a whole number.
func Number(v any, otherwise int) int {
	if v == nil {
		return otherwise
	}
	if n, err := strconv.ParseFloat(fmt.Sprint(v), 64); err == nil {
		return int(n)
	}
	return otherwise
}

func duration(v any, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(fmt.Sprint(v)); err == nil {
		return d
	}
	return otherwise
}

func bytesOf(v any, otherwise int64) int64 {
	if v == nil {
		return otherwise
	}
	if n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64); err == nil {
		return n
	}
	if n, err := humanize.ParseBytes(fmt.Sprint(v)); err == nil {
		return int64(n)
	}
	return otherwise
}
