package output

import (
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/telemetry"
)

// observer hears of every request and of every object. The metrics want to
// know all of it, the circuit breaker what it tells about the destination.
type observer struct {
	*telemetry.Metrics
	monitor *health.Monitor
	// last is the class of the last request that our own side did not end.
	last atomic.Value
	// chunks are told when the store asks for fewer requests; nil before they
	// take records.
	chunks atomic.Pointer[chunk.Manager]
	// courier is told the same; nil where there is none.
	courier atomic.Pointer[courier.Courier]
}

var (
	_ chunk.Observer = (*observer)(nil)
	_ store.Observer = (*observer)(nil)
)

// Attempt takes note of a request to the store.
func (o *observer) Attempt(a store.Attempt) {
	o.Metrics.Attempt(a)
	if a.Class != store.ClassCanceled {
		o.last.Store(a.Class)
	}
	o.monitor.Attempt(a)
	if chunks := o.chunks.Load(); chunks != nil && a.Class == store.ClassThrottled {
		chunks.Throttled()
	}
	if c := o.courier.Load(); c != nil && a.Class == store.ClassThrottled {
		c.Throttled()
	}
}

// Failed takes note of records whose object was given up.
func (o *observer) Failed(records int, reason error) {
	o.Metrics.Failed(records, reason)
	o.monitor.Failed(reason)
}

// failing returns why the last request failed; empty if it did not.
func (o *observer) failing() store.Class {
	class, _ := o.last.Load().(store.Class)
	return class
}
