package output

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Sizing is what decides about sizes, in the output and in the input of the
// file it was found in.
func (i *Inspected) Sizing(file string) (sizing.Destination, sizing.Input, error) {
	in, err := inputOf(file)
	i.conf.adapt(in)
	return i.conf.sized(), in, err
}

// sized is what decides about sizes in the output.
func (c *Config) sized() sizing.Destination {
	d := sizing.Destination{
		Format:             c.format.name,
		MaxFileSize:        c.chunks.MaxFileSize,
		MaxRecords:         c.chunks.MaxRecords,
		MaxAge:             c.chunks.MaxAge,
		IdleTimeout:        c.chunks.IdleTimeout,
		MaxOpenPartitions:  c.chunks.MaxOpenPartitions,
		MemoryLimit:        c.chunks.MemoryLimit,
		MaxInFlight:        c.maxInFlight,
		AutoInFlight:       c.autoInFlight,
		Workers:            c.chunks.Uploads,
		Encoders:           c.encoders,
		RowGroupSize:       c.format.rowGroup,
		MultipartThreshold: c.store.MultipartThreshold,
		PartSize:           c.store.PartSize,
		CallOverhead:       c.chunks.CallOverhead,
		RecordOverhead:     c.chunks.RecordOverhead,
		Batching:           sizing.Batching{Count: c.batching.Count, Bytes: int64(c.batching.ByteSize), Period: span(c.batching.Period)},
	}
	if c.health.enabled {
		d.HealthInterval = c.health.interval
	}
	return d
}

// Sample is what was measured on records of the user.
type Sample struct {
	// Rows is the number of records, Refused how many of them cannot be stored.
	Rows, Refused int
	// RowBytes is their mean size, and Ratio the size of the object that holds
	// them, for each byte of theirs.
	RowBytes, Ratio float64
	// Partitions is the number of folders and names that they go to.
	Partitions int
}

// Measure encodes records, one a line, with the format of the configuration.
// Nothing is uploaded.
func (i *Inspected) Measure(in io.Reader) (Sample, error) {
	assigner, err := partition.New(i.conf.partition)
	if err != nil {
		return Sample{}, err
	}
	var s Sample
	var raw int64
	byPath := map[string][]record.Record{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		m := service.NewMessage([]byte(lines.Text()))
		rec, err := partition.FromMessage(m)
		if err != nil {
			return s, fmt.Errorf("reading record %d: %w", s.Rows+1, err)
		}
		s.Rows++
		raw += int64(rec.Size())
		path, err := assign(assigner, m, &rec)
		if err != nil {
			s.Refused++
			continue
		}
		byPath[path] = append(byPath[path], rec)
	}
	if err := lines.Err(); err != nil {
		return s, fmt.Errorf("reading records: %w", err)
	}
	s.Partitions = len(byPath)
	return s, i.encode(&s, raw, byPath)
}

func assign(a *partition.Assigner, m *service.Message, rec *record.Record) (string, error) {
	pass := a.Begin(service.MessageBatch{m})
	defer pass.End()
	path, err := pass.Assign(0, rec)
	return string(path), err
}

// encode writes all records of the sample that can be stored into one object:
// those of one partition are fewer than in a real one, and compress worse.
func (i *Inspected) encode(s *Sample, raw int64, byPath map[string][]record.Record) error {
	var all []record.Record
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		all = append(all, byPath[path]...)
	}
	if len(all) == 0 {
		return fmt.Errorf("none of the %d records of the sample can be stored: s3-destination preview tells why", s.Rows)
	}
	s.RowBytes = float64(raw) / float64(s.Rows)
	encoder := i.conf.format.newEncoder()
	var kept, size int64
	for len(all) > 0 {
		res, err := encoder.Encode(io.Discard, all, 0)
		if err != nil {
			return fmt.Errorf("encoding the sample: %w", err)
		}
		refused := map[int]bool{}
		for _, r := range res.Refused {
			refused[r.Index] = true
		}
		for j := range all[:res.Taken] {
			if !refused[j] {
				kept += int64(all[j].Size())
			}
		}
		s.Refused += len(refused)
		size += res.Bytes
		all = all[res.Taken:]
	}
	if kept == 0 {
		return fmt.Errorf("none of the %d records of the sample can be stored: s3-destination preview tells why", s.Rows)
	}
	s.Ratio = float64(size) / float64(kept)
	return nil
}

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
	skips      bool          // it can commit what was not stored, in a group: docs/kafka.md tells how
}

var kafkaInputs = map[string]kafkaInput{
	"redpanda":    {prefix: []string{"unordered_processing"}, checkpoint: 1024, commit: 5 * time.Second, fetch: 50 << 20, partition: 1 << 20, resume: time.Second, ordered: 32_000, skips: true},
	"kafka_franz": {checkpoint: 1024, commit: 5 * time.Second, fetch: 50 << 20, partition: 1 << 20, resume: time.Second, skips: true},
	"kafka":       {checkpoint: 1024, commit: time.Second, resume: time.Second / 2, each: 2 << 20, buffer: 256},
}

// inputOf reads the input of a configuration file, as far as it is known what
// its settings mean for sizes.
func inputOf(file string) (sizing.Input, error) {
	conf, err := service.GlobalEnvironment().FullConfigSchema("", "").NewConfigQuerier().ParseYAML(file)
	if err != nil {
		return sizing.Input{}, err
	}
	return inputIn(func(name string) (any, error) {
		part, err := conf.FieldAtPath(name)
		if err != nil {
			return nil, err
		}
		return part.FieldAny()
	}), nil
}

// known is the input that the process was started with, as far as is known.
func known() sizing.Input {
	if in := started.Load(); in != nil {
		return *in
	}
	return sizing.Input{}
}

// inputIn looks for an input in the fields of a configuration that can have one.
func inputIn(field func(name string) (any, error)) sizing.Input {
	var in sizing.Input
	for _, name := range []string{"input", "input_resources"} {
		value, err := field(name)
		if err == nil && describeInput(plain(value), &in) { // else it is not in this file
			break
		}
	}
	return in
}

// WarnAtStart logs what is doubtful about a configuration as a whole: an input
// that can lose records which this output has not stored, and what [Doubts]
// finds. What it learns of the input the outputs adapt to. It returns no error:
// it is for the moment when the configuration has been read.
func WarnAtStart(conf *service.ParsedConfig) error {
	field := func(name string) (any, error) { return conf.FieldAny(name) }
	in := inputIn(field)
	started.Store(&in)
	log := conf.Resources().Logger()
	for _, doubt := range around(field).doubts() {
		log.Warn(doubt)
	}
	if in.Skips {
		log.Warnf("The input %s can commit the offsets of records that are not stored, when Kafka partitions move to another process or the session is lost: they are missing if the process dies then. Use the input kafka.", in.Kind)
	}
	return nil
}

// plain turns nodes of YAML into plain values.
func plain(value any) any {
	if node, ok := value.(interface{ Decode(into any) error }); ok {
		var v any
		if node.Decode(&v) == nil {
			return v
		}
	}
	return value
}

// describeInput looks for an input that is known, however deep it is nested.
func describeInput(tree any, in *sizing.Input) bool {
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
				in.Kind, in.BatchRows = key, number(child["batch_size"], 1)
				return true
			case "batched":
				describeInput(child["child"], in)
				in.Singles = in.BatchRows <= 1 && !in.Batching.Any()
				in.Kind, in.BatchRows, in.Batching = key, 0, batchingOf(child["policy"])
				return true
			}
			if describeInput(child, in) {
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
func (k kafkaInput) read(name string, conf map[string]any, in *sizing.Input) {
	at := conf
	for _, step := range k.prefix {
		at, _ = at[step].(map[string]any)
	}
	*in = sizing.Input{
		Kind: name, Kafka: true,
		CheckpointLimit: number(at["checkpoint_limit"], k.checkpoint),
		CommitPeriod:    duration(conf["commit_period"], k.commit),
		Batching:        batchingOf(at["batching"]),
	}
	in.Resume, in.FetchEachBytes, in.FetchEachRows = k.resume, k.each, number(conf["fetch_buffer_cap"], k.buffer)
	in.Skips = k.skips && conf["consumer_group"] != nil && conf["consumer_group"] != ""
	if k.fetch > 0 {
		brokers, _ := conf["seed_brokers"].([]any)
		in.FetchRowBytes = bytesOf(conf["fetch_max_partition_bytes"], k.partition)
		in.FetchBytes = bytesOf(conf["fetch_max_bytes"], k.fetch) * int64(max(len(brokers), 1))
	}
	if enabled := fmt.Sprint(at["enabled"]); k.ordered > 0 && enabled != "true" {
		// This mode takes over what was fetched of a partition in one piece.
		in.Batching, in.CheckpointLimit, in.Skips = sizing.Batching{}, 0, false
		in.OrderedBytes = bytesOf(conf["max_yield_batch_bytes"], k.ordered)
	}
}

// batchingOf reads a batching policy.
func batchingOf(conf any) sizing.Batching {
	p, _ := conf.(map[string]any)
	return sizing.Batching{
		Count:  number(p["count"], 0),
		Bytes:  int64(number(p["byte_size"], 0)),
		Period: duration(p["period"], 0),
	}
}

// The values of a configuration may be numbers or the text that replaced a
// variable. What cannot be read is what lint reports; here it is the default.

func number(v any, otherwise int) int {
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

func span(text string) time.Duration { return duration(text, 0) }

func bytesOf(v any, otherwise int64) int64 {
	if v == nil {
		return otherwise
	}
	if n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64); err == nil {
		return n
	}
	if n, err := parseSize(fmt.Sprint(v)); err == nil {
		return n
	}
	return otherwise
}
