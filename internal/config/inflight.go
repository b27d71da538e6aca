package config

import (
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// What a waiting call, a waiting message and an open partition cost beside the
// payload, measured on Benthos 4.80: see docs/benchmarks.md. A message that was
// read alone and put into a batch afterwards carries a transaction, an entry of
// the retries, a trace, metadata and a goroutine with its stack. One that came in
// a batch shares most of that. It takes 815 bytes of the heap, with its entry of
// the retries, and a tenth of all that is lost between objects of the heap. Our
// own inputs for Kafka and HTTP have no such entries. One that our scanner has read
// of a file has 1,200 bytes, with the metadata of the input, and counts as a single
// one: it is read so fast that the garbage collector does not keep up with less room.
const (
	callOverhead      = inflight.BatchOverhead
	messageOverhead   = 1000
	ownOverhead       = inflight.RecordOverhead
	singleOverhead    = 4400
	partitionOverhead = 1000
)

// KnowInput sets the input that the process runs, to which outputs that are made
// from now on adapt.
func KnowInput(in sizing.Input) { started.Store(&in) }

// known is the input that the process was started with, as far as is known.
func known() sizing.Input {
	if in := started.Load(); in != nil {
		return *in
	}
	return sizing.Input{}
}

// started is the input of the configuration that the process was started with,
// which an output has no other way to know; nil where there was none.
var started atomic.Pointer[sizing.Input]

// concurrency is how many objects are encoded at once.
func (c *Config) concurrency() settings {
	return settings{
		count("encoders", &c.Encoders, 0).
			doc("The number of objects encoded at once, and of processors that encoding one large parquet object may use; `0` means one for each available processor.").
			or(0).advanced(),
	}
}

// batches are how many the output is given at once, and how they are made.
func (c *Config) batches() settings {
	return settings{
		inFlight("max_in_flight", &c.MaxInFlight).
			doc("The largest number of batches waiting to become durable. When all of them wait, everything is written at once, so a small number means small objects; but Benthos has so many batches in memory as soon as the input is faster than the store. `auto` is the number with which full batches of the input, of records of 1 kB (4 kB where processors may have parsed them), fill the part of `memory_limit` that is for records: 8 at least and 1000 at most (2000 for standard input with the scanner `s3_destination_records`, whose batches are small), and 1000 where the size of batches is not known or the input is `s3_destination_kafka` or `s3_destination_http`, which keep within `memory_limit` by themselves; with a `spool` it is 64.").
			or(auto).
			example("2000"),
		batching("batching", &c.Batching),
	}
}

func (c *Config) completeConcurrency() {
	if c.Encoders == 0 {
		c.Encoders = runtime.GOMAXPROCS(0)
	}
	c.autoInFlight = c.MaxInFlight == 0
}

// auto is the value of max_in_flight that stands for as many batches as
// memory_limit has room for.
const auto = "auto"

// inFlight is a number of batches; 0 stands for auto.
func inFlight(name string, place *int) setting {
	return newSetting(name, service.NewStringField(name), func(r *reader, path []string) {
		text := r.word(path)
		if text == auto {
			return
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			r.fail(fmt.Errorf("%s: %q is no number of batches: write auto, or a number from 1 on", dotted(path), text))
			n = 1
		}
		*place = n
	})
}

func batching(name string, place *service.BatchPolicy) setting {
	return into(name, service.NewBatchPolicyField(name), place, (*service.ParsedConfig).FieldBatchPolicy)
}

// Adapt sets what depends on the input: what a message costs, and how many
// batches may wait where that is left to us.
func (c *Config) Adapt(in sizing.Input) {
	c.Chunks.RecordOverhead = c.overheadOf(in)
	c.Grows = in.Grows && in.Kafka // clients that wait for their answers have other reasons to pause
	c.Exactly, c.Against = in.Exactly, in.Against
	switch {
	case c.autoInFlight && c.Spool.On():
		c.MaxInFlight = spoolInFlight
	case c.autoInFlight:
		c.MaxInFlight = sizing.InFlight(c.Sized(), in)
	}
	c.Chunks.MaxInFlight = c.MaxInFlight
}

// overheadOf is what a message of that input costs beside its payload.
func (c *Config) overheadOf(in sizing.Input) int64 {
	switch {
	case c.readsSingles(in):
		return singleOverhead
	case in.Grows:
		return ownOverhead
	default:
		return messageOverhead
	}
}

// spoolInFlight is how many calls share the syncs of a spool: each returns after a
// few milliseconds.
const spoolInFlight = 64

// readsSingles reports whether messages are read one by one and put into batches
// afterwards, or cost as much.
func (c *Config) readsSingles(in sizing.Input) bool {
	if in.Scanned {
		return !in.Piped
	}
	if in.BatchRows > 1 || in.OrderedBytes > 0 || in.Grows {
		return false
	}
	return in.Singles || c.Sized().Batching.Any() && !in.Batching.Any()
}
