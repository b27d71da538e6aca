package health

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// Uploads is the store behind a [Patient].
type Uploads interface {
	// Put writes an object.
	Put(ctx context.Context, o store.Object) (store.Result, error)
	// Sum, Conditional, Capabilities, List and Head pass through.
	Sum(b *store.Body) store.Sum
	Conditional(size int64) store.Known
	Capabilities() store.Capabilities
	List(ctx context.Context, prefix, after string, limit int) ([]string, error)
	Head(ctx context.Context, key string) (map[string]string, error)
}

// Patient is a store that does not give an object up because the destination
// is down: it waits until the monitor finds it up again, and goes on with the
// same object under the same key. Errors that concern the object alone pass
// through, and one that seems to concern the destination, while a probe finds it
// well, is marked as a refusal of this object ([store.ErrRefused]).
type Patient struct {
	Uploads

	monitor    *Monitor
	maxElapsed time.Duration
	stored     atomic.Int64 // objects that were stored; for want of a monitor
}

// NewPatient wraps next. No wait begins after maxElapsed; zero means never to
// give up. Without a monitor it waits for nothing.
func NewPatient(next Uploads, m *Monitor, maxElapsed time.Duration) *Patient {
	return &Patient{Uploads: next, monitor: m, maxElapsed: maxElapsed}
}

// contradictions is how often an upload is tried again although a probe says
// that the destination is well: policies and keys take a moment to spread.
const contradictions = 2

// Put implements [Uploads].
func (p *Patient) Put(ctx context.Context, o store.Object) (store.Result, error) {
	began := time.Now()
	attempts, looks := 0, 0
	for failures := 0; ; failures++ {
		stored := p.stored.Load()
		r, err := p.Uploads.Put(ctx, o)
		attempts += r.Attempts
		r.Attempts = attempts
		taken := store.Taken(err)
		if taken != nil {
			if looks++; looks == 1 {
				began = time.Now() // much of it was lost on looking at an object that may be stored
			}
		}
		switch {
		case err == nil:
			p.stored.Add(1)
			return r, nil
		case !store.ClassOf(err).DestinationLevel():
			return r, err //nolint:wrapcheck // a transparent wrapper
		case taken != nil && p.unreadable(ctx, err, looks):
			return r, taken //nolint:wrapcheck // a transparent wrapper
		case taken == nil && p.refused(ctx, err, failures, stored):
			return r, fmt.Errorf("%w: %w", store.ErrRefused, err)
		case p.monitor == nil || p.enough(began, failures) || p.wait(ctx, o.Recalled, began, failures) != nil:
			return r, err //nolint:wrapcheck // a transparent wrapper
		}
		o.MayExist = o.MayExist || outcomeUnknown(err)
	}
}

func outcomeUnknown(err error) bool {
	var e *store.Error
	return errors.As(err, &e) && e.OutcomeUnknown
}

// refused reports whether the destination is well, so that an error which does
// not pass by itself concerns this object alone. While uploads are known to be
// contradicted by probes, the first failure decides: whoever waits here holds up
// others. Without a monitor the objects that were stored meanwhile are the
// evidence.
func (p *Patient) refused(ctx context.Context, err error, failures int, stored int64) bool {
	permanent := !store.ClassOf(err).Retryable()
	if p.monitor == nil {
		return permanent && p.stored.Load() > stored
	}
	p.monitor.Failed(err)
	if !permanent || p.monitor.shut.Load() || failures > 0 && failures < contradictions {
		return false
	}
	return p.monitor.probe(ctx).Err == nil
}

// unreadable reports whether an object whose key is taken, perhaps by itself, is not
// looked at again: the destination is well, and yet it could not be read twice. Then
// another key is taken, as where the right to read is missing. While the destination
// is down that would make a copy of each object whose answer was lost.
func (p *Patient) unreadable(ctx context.Context, err error, looks int) bool {
	if p.monitor == nil {
		return true
	}
	p.monitor.Failed(err)
	return looks > 1 && p.monitor.probe(ctx).Err == nil
}

// enough reports whether an upload is given up: when its time is over, or when
// probes have contradicted it often enough.
func (p *Patient) enough(began time.Time, failures int) bool {
	if p.maxElapsed > 0 && time.Since(began) >= p.maxElapsed {
		return true
	}
	return !p.monitor.shut.Load() && failures > contradictions
}

// wait returns when the destination is up, and a moment later, so that uploads
// do not all come back at once; or with an error when the object is recalled.
func (p *Patient) wait(ctx context.Context, recalled <-chan struct{}, began time.Time, failures int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if recalled != nil {
		ended := ctx.Done()
		go func() {
			select {
			case <-recalled:
				cancel()
			case <-ended:
			}
		}()
	}
	if p.maxElapsed > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, began.Add(p.maxElapsed))
		defer cancel()
	}
	most := min(time.Second<<min(failures, 5), 20*time.Second)
	if !p.monitor.shut.Load() {
		most = contradictedPause
	}
	if err := p.monitor.Gate(ctx); err != nil {
		return err
	}
	return pause(ctx, rand.N(most)) //nolint:gosec // spreads load
}

// contradictedPause bounds the pause before a try that a probe says should
// succeed.
const contradictedPause = 500 * time.Millisecond
