package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/flight"
	"github.com/s3-destination/s3-destination/internal/store"
)

// firstWord is how long a probe may go on before the first caller is told what
// it is waiting for: operators look at the log and at /ready for two seconds.
const firstWord = 1500 * time.Millisecond

// errLong is the first word of a probe that cannot say what it is waiting for.
var errLong = errors.New("checking the destination: no answer yet")

// fly returns the probe under way, or begins one. It belongs to the monitor, so
// that nobody who waits for it can end it. early is closed when it takes long.
func (m *Monitor) fly() (f *flight.Flight[Verdict], early <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, leads := m.probes.Join()
	switch {
	case !leads:
	case m.closed:
		m.early = nil // that of an earlier one
		m.probes.Land(Verdict{Err: ErrClosed})
	default:
		m.early = make(chan struct{})
		m.wg.Go(func() { m.lead(f) })
	}
	return f, m.early
}

// lead probes, for everybody who waits.
func (m *Monitor) lead(f *flight.Flight[Verdict]) {
	word := time.AfterFunc(firstWord, func() { m.tell(f) })
	defer word.Stop()
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.Timeout)
	v := m.cfg.Probe.Probe(ctx)
	cancel()

	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = time.Now()
	if m.ctx.Err() != nil {
		m.probes.Land(Verdict{Err: ErrClosed}) // no evidence
		return
	}
	// Its own time limit is nobody's end: say what it was lost on.
	if lost := store.OutOfTime(m.ctx, v.Err); lost != v.Err { //nolint:errorlint // the very same, or another
		v.Err = fmt.Errorf("checking the destination: %w", lost)
	}
	m.apply(v)
	m.probes.Land(v)
}

// tell makes what a long probe is waiting for the state, while nothing else is
// known.
func (m *Monitor) tell(f *flight.Flight[Verdict]) {
	err := m.cfg.Probe.Waiting()
	if err == nil {
		err = errLong
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.probes.Current() != f {
		return
	}
	if m.status.State == Unchecked {
		m.become(Unhealthy, err)
	}
	close(m.early)
}

// probe waits for a verdict, whoever has asked for it.
func (m *Monitor) probe(ctx context.Context) Verdict { return m.await(ctx, false) }

// await is probe that does not wait longer, with early, than it takes to say
// what the matter is.
func (m *Monitor) await(ctx context.Context, early bool) Verdict {
	f, hurry := m.fly() //nolint:contextcheck // nobody who waits may end it for the others
	if !early {
		hurry = nil
	}
	for {
		select {
		case <-f.Done():
			return f.Result()
		case <-hurry:
			if s := m.Status(); s.Err != nil {
				return Verdict{Err: s.Err}
			}
			hurry = nil // it is well, as far as is known
		case <-ctx.Done():
			return Verdict{Err: context.Cause(ctx)}
		}
	}
}
