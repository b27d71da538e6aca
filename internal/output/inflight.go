package output

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// What a waiting call, a waiting message and an open partition cost beside the
// payload, measured on Benthos 4.80: see docs/benchmarks.md. A message that was
// read alone and put into a batch afterwards carries a transaction, an entry of
// the retries, a trace and metadata of its own. One that came in a batch shares
// most of that.
const (
	callOverhead      = 8500
	messageOverhead   = 700
	singleOverhead    = 2400
	partitionOverhead = 1000
)

// started is the input of the configuration that the process was started with,
// which an output has no other way to know; nil where there was none.
var started atomic.Pointer[sizing.Input]

// auto is the value of max_in_flight that stands for as many batches as
// memory_limit has room for.
const auto = "auto"

// inFlight reads max_in_flight; 0 stands for auto.
func (r *reader) inFlight() int {
	text := r.enum(fieldMaxInFlight)
	if text == auto {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		r.fail(fmt.Errorf("%s must be auto or a number from 1 on, got %q", fieldMaxInFlight, text))
		return 1
	}
	return n
}

// adapt sets what depends on the input: what a message costs, and how many
// batches may wait where that is left to us.
func (c *Config) adapt(in sizing.Input) {
	c.chunks.RecordOverhead = messageOverhead
	if c.readsSingles(in) {
		c.chunks.RecordOverhead = singleOverhead
	}
	if c.autoInFlight {
		c.maxInFlight = sizing.InFlight(c.sized(), in)
	}
	c.chunks.MaxInFlight = c.maxInFlight
}

// readsSingles reports whether messages are read one by one and put into batches
// afterwards.
func (c *Config) readsSingles(in sizing.Input) bool {
	if in.BatchRows > 1 || in.OrderedBytes > 0 {
		return false
	}
	return in.Singles || c.sized().Batching.Any() && !in.Batching.Any()
}
