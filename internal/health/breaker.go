package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// Outcome says what a call that has just arrived does.
type Outcome uint8

const (
	// Proceed means that the destination accepts data, as far as is known.
	Proceed Outcome = iota
	// Disconnect means that the destination is down, and that this one call is
	// to say so to the framework, whose readiness turns red by nothing else. The framework
	// then connects until that succeeds, and repeats the call.
	Disconnect
	// Resume is Proceed for the call that the framework repeats after a
	// Disconnect. Readiness stays red until it returns, so that its records
	// should be written at once. [Monitor.Resumed] must be called when it
	// returns.
	Resume
)

// Uploads open the breaker without a probe after that many failed requests in
// a row, over that long: each of them may be an accident.
const (
	streakLength = 5
	streakTime   = 5 * time.Second
)

// longSilence makes a failed request suspicious although it will be repeated:
// so few of them end in a while that a probe is quicker to find out.
const longSilence = 10 * time.Second

// distrustedProbeGap lies between the probes that failing uploads cause after
// a probe has contradicted them.
const distrustedProbeGap = 30 * time.Second

// breaker is the part of a [Monitor] that decides who may pass. It is guarded
// by the monitor's lock.
//
// There is no ramp when it closes. Whoever it lets in only fills chunks in
// memory; how many uploads run at once is bounded behind it, by the workers,
// whatever the number of calls, so that recovery sends no herd to S3. A ramp
// would only keep records waiting that the chunks could hold.
type breaker struct {
	// changed is closed and replaced whenever somebody who waits should look
	// again.
	changed chan struct{}
	// sentinel: some call was told to disconnect and has not resumed. Another
	// one would queue behind it in the framework, under its lock.
	sentinel bool
	// byUploads: uploads opened the breaker, and no probe has confirmed it.
	byUploads bool
	// distrust: until then uploads do not open the breaker, because a probe
	// has found that it is not the destination that they fail for.
	distrust time.Time
	// streak counts failed requests since the last success, since first.
	streak int
	first  time.Time
}

func (b *breaker) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// contradict notes that a probe succeeded where uploads say that nothing can.
// Without that memory, a denied sub-folder would open and close the breaker
// for ever.
func (b *breaker) contradict(s State, interval time.Duration) {
	if s == Unhealthy && b.byUploads {
		b.distrust = time.Now().Add(interval)
	}
	b.byUploads, b.streak, b.first = false, 0, time.Time{}
}

// Enter lets a call pass, or has it wait until the destination accepts data
// again. While it does not, exactly one call is told to [Disconnect]; it must
// not have begun anything. The error is the end of ctx, or [ErrClosed].
func (m *Monitor) Enter(ctx context.Context) (Outcome, error) {
	if m == nil {
		return Proceed, nil
	}
	for waited := false; ; waited = true {
		// The call that the framework repeats after connecting comes from
		// outside; those who waited here are others.
		repeated := !waited && m.resume.Load() && m.resume.CompareAndSwap(true, false)
		if !m.shut.Load() {
			if repeated {
				return Resume, nil
			}
			return Proceed, nil
		}
		m.mu.Lock()
		switch {
		case m.closed:
			m.mu.Unlock()
			return Proceed, ErrClosed
		case m.status.State == Unhealthy && (repeated || !m.breaker.sentinel):
			// If it is down again already, the repeated call must not wait
			// here, under the framework's lock.
			m.breaker.sentinel = true
			m.mu.Unlock()
			return Disconnect, nil
		}
		changed, open := m.breaker.changed, m.status.State == Unhealthy
		m.mu.Unlock()
		if !open && repeated {
			return Resume, nil
		} else if !open {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Proceed, context.Cause(ctx)
		}
	}
}

// Resumed ends what a [Disconnect] began: the call that was told to [Resume]
// has returned, and the next outage may turn readiness red again.
func (m *Monitor) Resumed() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.breaker.sentinel = false
	m.breaker.wake() // somebody at the gate may have to take its place
}

// Gate waits while the destination is down. Unlike [Monitor.Enter] it is for
// work that has begun: it never asks anybody to disconnect.
func (m *Monitor) Gate(ctx context.Context) error {
	if m == nil {
		return nil
	}
	for {
		if !m.shut.Load() {
			return nil
		}
		m.mu.Lock()
		changed, open, closed := m.breaker.changed, m.status.State == Unhealthy, m.closed
		m.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case !open:
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Attempt takes note of one request to the store, failed or not. A single
// failure proves nothing: expired credentials are renewed at once, throttling
// passes. So it only hastens the next probe, unless failures go on.
func (m *Monitor) Attempt(a store.Attempt) {
	if m == nil || !writes(a.Op) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := &m.breaker
	switch {
	case m.probes.Current() != nil:
		// Perhaps the probe's own, which comes to its own verdict.
	case a.Class == "":
		b.streak, b.first = 0, time.Time{}
		if m.status.State == Unhealthy {
			m.hasten()
		}
	case a.Class.DestinationLevel() && m.status.State != Unhealthy:
		if b.streak++; b.first.IsZero() {
			b.first = time.Now()
		}
		if b.streak >= streakLength && time.Since(b.first) >= streakTime {
			m.suspect(fmt.Errorf("%d requests in a row failed, the last: %w", b.streak, a.Err), a.Class)
		} else if !a.Class.Retryable() && !a.Retrying || a.Latency >= longSilence {
			m.hasten()
		}
	}
}

// Failed takes note of an upload that the store has given up. An error that
// concerns the destination opens the breaker until a probe has looked. One of
// which a probe has said that it does not is left alone.
func (m *Monitor) Failed(err error) {
	if class := store.ClassOf(err); m != nil && class.DestinationLevel() && !store.Refused(err) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.suspect(err, class)
	}
}

// suspect opens the breaker and asks for a probe. The caller holds the lock.
func (m *Monitor) suspect(err error, class store.Class) {
	if m.status.State == Unhealthy || m.ctx.Err() != nil {
		return // probed already, at its own pace
	}
	if time.Now().After(m.breaker.distrust) {
		m.breaker.byUploads = true
		m.become(Unhealthy, &suspicion{err, class})
	}
	m.hasten()
}

// hasten asks for a probe soon. The caller holds the lock.
func (m *Monitor) hasten() {
	if time.Now().Before(m.breaker.distrust) && time.Since(m.ended) < distrustedProbeGap {
		return
	}
	select {
	case m.poke <- struct{}{}:
	default:
	}
}

// suspicion is what uploads say about the destination.
type suspicion struct {
	err   error
	class store.Class
}

func (s *suspicion) Error() string { return "uploads fail: " + s.err.Error() }
func (s *suspicion) Unwrap() error { return s.err }

// classOf is [store.ClassOf] that also knows suspicions.
func classOf(err error) store.Class {
	var s *suspicion
	if errors.As(err, &s) {
		return s.class
	}
	if errors.Is(err, errLong) {
		return store.ClassNetwork
	}
	return store.ClassOf(err)
}

// writes reports whether an operation needs no more than the right to write,
// without which nothing works.
func writes(op store.Op) bool {
	switch op {
	case store.OpPutObject, store.OpCreateMultipartUpload, store.OpUploadPart, store.OpCompleteMultipartUpload:
		return true
	case store.OpAbortMultipartUpload, store.OpDeleteObject, store.OpHeadObject, store.OpListObjects, store.OpGetObject:
	}
	return false
}

// RefusesAlone reports whether an object that could not be stored is refused by
// itself, by a policy for its prefix for example, while the destination accepts
// others. It says nothing about the others, whose uploads go on.
func (m *Monitor) RefusesAlone(err error) bool {
	switch store.ClassOf(err) {
	case store.ClassDenied, store.ClassKMS, store.ClassInvalid, "":
		return m.Status().State != Unhealthy
	case store.ClassCredentials, store.ClassNoBucket, store.ClassWrongRegion, store.ClassThrottled,
		store.ClassClockSkew, store.ClassNetwork, store.ClassNotS3, store.ClassCanceled, store.ClassExists:
	}
	return false
}
