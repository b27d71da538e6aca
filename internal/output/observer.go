package output

import (
	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
)

// observer hears of every request and of every object. The metrics want to
// know all of it, the circuit breaker what it tells about the destination.
type observer struct {
	*metrics
	monitor *health.Monitor
}

var (
	_ chunk.Observer  = (*observer)(nil)
	_ store.Observer  = (*observer)(nil)
	_ health.Observer = (*metrics)(nil)
)

// Attempt takes note of a request to the store.
func (o *observer) Attempt(a store.Attempt) {
	o.metrics.Attempt(a)
	o.monitor.Attempt(a)
}

// Failed takes note of records whose object was given up.
func (o *observer) Failed(records int, reason error) {
	o.metrics.Failed(records, reason)
	o.monitor.Failed(reason)
}
