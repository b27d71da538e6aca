package health

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// Uploads is the store behind a [Patient].
type Uploads interface {
	// Put writes an object.
	Put(ctx context.Context, o store.Object) (store.Result, error)
	// ListAfter lists keys in order.
	ListAfter(ctx context.Context, prefix, after string, fn func(key string) bool) error
}

// Patient is a store that does not give an object up because the destination
// is down: it waits until the monitor finds it up again, and goes on with the
// same object under the same key. Errors that concern the object alone pass
// through.
type Patient struct {
	next       Uploads
	monitor    *Monitor
	maxElapsed time.Duration
}

// NewPatient wraps next. No wait begins after maxElapsed; zero means never to
// give up. A nil monitor makes it a transparent wrapper.
func NewPatient(next Uploads, m *Monitor, maxElapsed time.Duration) *Patient {
	return &Patient{next: next, monitor: m, maxElapsed: maxElapsed}
}

// ListAfter implements [Uploads].
func (p *Patient) ListAfter(ctx context.Context, prefix, after string, fn func(key string) bool) error {
	return p.next.ListAfter(ctx, prefix, after, fn) //nolint:wrapcheck // a transparent wrapper
}

// contradictions is how often an upload is tried again although a probe says
// that the destination is well: policies and keys take a while to spread.
const contradictions = 3

// Put implements [Uploads].
func (p *Patient) Put(ctx context.Context, o store.Object) (store.Result, error) {
	began := time.Now()
	attempts := 0
	for failures := 0; ; failures++ {
		r, err := p.next.Put(ctx, o)
		attempts += r.Attempts
		if err == nil || p.monitor == nil || !store.ClassOf(err).DestinationLevel() {
			r.Attempts = attempts
			return r, err //nolint:wrapcheck // a transparent wrapper
		}
		p.monitor.Failed(err)
		down := p.monitor.shut.Load()
		if p.maxElapsed > 0 && time.Since(began) >= p.maxElapsed || !down && failures >= contradictions {
			return r, err //nolint:wrapcheck // a transparent wrapper
		}
		if p.wait(ctx, began, failures) != nil {
			return r, err //nolint:wrapcheck // a transparent wrapper
		}
		var e *store.Error
		if errors.As(err, &e) && e.OutcomeUnknown {
			o.MayExist = true
		}
	}
}

// wait returns when the destination is up, and a moment later, so that uploads
// do not all come back at once.
func (p *Patient) wait(ctx context.Context, began time.Time, failures int) error {
	if p.maxElapsed > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, began.Add(p.maxElapsed))
		defer cancel()
	}
	if err := p.monitor.Gate(ctx); err != nil {
		return err
	}
	most := min(time.Second<<min(failures, 5), 20*time.Second)
	return pause(ctx, rand.N(most)) //nolint:gosec // spreads load
}
