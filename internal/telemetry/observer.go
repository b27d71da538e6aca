package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/summary"
)

// Observer hears of every request and of every object. The metrics want to
// know all of it, the circuit breaker what it tells about the destination, and
// who uploads when the store asks for fewer requests.
type Observer struct {
	*Metrics
	monitor *health.Monitor
	tally   *summary.Tally
	// last is the class of the last request that our own side did not end.
	last atomic.Value
	pace atomic.Pointer[Pace]
}

var (
	_ chunk.Observer = (*Observer)(nil)
	_ store.Observer = (*Observer)(nil)
)

// Pace is how fast objects are uploaded.
type Pace interface {
	// Throttled tells that the store asks for fewer requests.
	Throttled()
}

// NewObserver returns an observer that tells the metrics and the summary of the
// run, until it is told of others.
func NewObserver(m *Metrics, tally *summary.Tally) *Observer {
	return &Observer{Metrics: m, tally: tally}
}

// Watch has the breaker hear of what happens from now on. It comes before the
// first request.
func (o *Observer) Watch(m *health.Monitor) { o.monitor = m }

// Slows has the pace hear of it when the store asks for fewer requests.
func (o *Observer) Slows(p Pace) { o.pace.Store(&p) }

// Attempt takes note of a request to the store.
func (o *Observer) Attempt(a store.Attempt) {
	o.Metrics.Attempt(a)
	if a.Class != store.ClassCanceled {
		o.last.Store(a.Class)
	}
	o.monitor.Attempt(a)
	if p := o.pace.Load(); p != nil && a.Class == store.ClassThrottled {
		(*p).Throttled()
	}
}

// Failed takes note of records whose object was given up.
func (o *Observer) Failed(records int, reason error) {
	o.Metrics.Failed(records, reason)
	o.monitor.Failed(reason)
}

// Landed takes note of a durable object.
func (o *Observer) Landed(landed chunk.Object, waited time.Duration, oversized bool) {
	o.tally.Landed(landed)
	o.Metrics.Landed(landed, waited, oversized)
}

// Refused takes note of a record that cannot be stored.
func (o *Observer) Refused(policy chunk.BadRecordPolicy, reason error) {
	o.tally.Refused(policy, reason)
	o.Metrics.Refused(policy, reason)
}

// Diverted takes note of records of refused objects that became dead letters.
func (o *Observer) Diverted(records int, reason error) {
	o.tally.Diverted(records, reason)
	o.Metrics.Diverted(records, reason)
}

// Observe takes note of what is under way.
func (o *Observer) Observe(s chunk.Stats) {
	o.tally.Observe(s)
	o.Metrics.Observe(s)
}

// Failing returns why the last request failed; empty if it did not.
func (o *Observer) Failing() store.Class {
	class, _ := o.last.Load().(store.Class)
	return class
}
