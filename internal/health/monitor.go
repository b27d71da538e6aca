package health

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3-destination/s3-destination/internal/flight"
)

// Defaults of [Config].
const (
	DefaultInterval = 5 * time.Minute
	DefaultTimeout  = 15 * time.Second
)

const (
	// probeGap lies between two probes at least, whoever asks for them.
	probeGap = time.Second
	// firstRetry and lastRetry bound the wait between probes of a destination
	// that is down; it doubles from one to the other.
	firstRetry, lastRetry = time.Second, 30 * time.Second
)

// ErrClosed is the end of those who wait at the gate of a closed monitor.
var ErrClosed = errors.New("the health monitor is closed")

// Probe is the check that a [Monitor] repeats; a [Prober] is one. It is never
// called concurrently.
type Probe interface {
	// Probe looks once.
	Probe(ctx context.Context) Verdict
	// Key names the temporary object.
	Key() string
	// Waiting says what a probe that does not end is waiting for; nil when it
	// does not know. It is called beside Probe.
	Waiting() error
}

// Config describes a [Monitor].
type Config struct {
	// Probe is the check.
	Probe Probe
	// Interval lies between two probes of a healthy destination, give or take
	// a fifth, so that a fleet does not probe in step. Zero means
	// [DefaultInterval].
	Interval time.Duration
	// Timeout bounds one probe, retries included. Zero means [DefaultTimeout].
	Timeout time.Duration
	// Observer is told what happens; nil means nobody is.
	Observer Observer
}

// Monitor probes a destination and keeps a circuit breaker. It is safe for
// concurrent use. All methods of a nil Monitor do nothing and let everybody
// pass: that is a health check that is switched off.
type Monitor struct {
	cfg  Config
	stop context.CancelFunc
	ctx  context.Context //nolint:containedctx // the life of the goroutine that Start starts
	poke chan struct{}
	wg   sync.WaitGroup

	starting sync.Once

	// shut and resume are read without the lock, on the way of every batch.
	shut, resume atomic.Bool

	mu     sync.Mutex
	closed bool
	status Status
	probes flight.Group[Verdict]
	early  chan struct{} // of the probe under way: closed when it takes long
	ended  time.Time     // of the last probe
	fails  int           // probes in a row
	// reported is the Since of the outage that Connect has told about.
	reported time.Time
	breaker  breaker
}

// NewMonitor returns a monitor that has not probed yet.
func NewMonitor(cfg Config) *Monitor {
	if cfg.Interval <= 0 {
		cfg.Interval = DefaultInterval
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	m := &Monitor{cfg: cfg, poke: make(chan struct{}, 1)}
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.breaker.changed = make(chan struct{})
	return m
}

// Start begins to probe periodically. Further calls do nothing.
func (m *Monitor) Start() {
	if m == nil {
		return
	}
	m.starting.Do(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.closed {
			m.wg.Go(m.run)
		}
	})
}

// Close ends the probing, a probe under way included, waits for it, and turns everybody away who waits at
// the gate. It may be called more than once.
func (m *Monitor) Close() {
	if m == nil {
		return
	}
	m.stop()
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		m.breaker.wake()
	}
	m.mu.Unlock()
	m.wg.Wait()
}

// Status tells what is known now.
func (m *Monitor) Status() Status {
	if m == nil {
		return Status{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

// Check probes now, or waits for the probe that is under way, and returns its
// verdict: what Connect has to do. It keeps a second's distance from the last
// probe that failed, so that even a caller without any back-off cannot make it
// a busy loop. The caller's own end is in the verdict, but is no evidence.
func (m *Monitor) Check(ctx context.Context) Verdict { return m.check(ctx, false) }

func (m *Monitor) check(ctx context.Context, early bool) Verdict {
	if m == nil {
		return Verdict{}
	}
	m.mu.Lock()
	rest := time.Duration(0)
	if m.fails > 0 {
		rest = probeGap - time.Since(m.ended)
	}
	m.mu.Unlock()
	if err := pause(ctx, rest); err != nil {
		return Verdict{Err: err}
	}
	v := m.await(ctx, early)
	if v.Err == nil {
		m.mu.Lock()
		m.resume.Store(m.breaker.sentinel)
		m.mu.Unlock()
	}
	return v
}

// run is the periodic part.
func (m *Monitor) run() {
	for {
		wait, changed := m.wait()
		timer := time.NewTimer(wait)
		select {
		case <-m.ctx.Done():
			timer.Stop()
			return
		case <-changed:
			// Somebody else has probed, at the start for example, and the
			// wait was for another state.
			timer.Stop()
			continue
		case <-m.poke:
			timer.Stop()
			m.mu.Lock()
			rest := probeGap - time.Since(m.ended)
			m.mu.Unlock()
			if pause(m.ctx, rest) != nil {
				return
			}
		case <-timer.C:
		}
		select {
		case <-m.poke: // asked for before this probe began: it is the answer
		default:
		}
		m.probe(m.ctx)
	}
}

// wait is the time until the next periodic probe, and what is closed when it is
// to be reckoned anew.
func (m *Monitor) wait() (time.Duration, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := m.breaker.changed
	if m.fails == 0 && !m.shut.Load() {
		spread := m.cfg.Interval / 5
		return m.cfg.Interval - spread + rand.N(2*spread+1), changed //nolint:gosec // spreads load
	}
	d := firstRetry << min(max(m.fails-1, 0), 10)
	d = min(d, lastRetry, m.cfg.Interval)
	return d/2 + rand.N(d/2+1), changed //nolint:gosec // spreads load
}

// apply makes a verdict the truth. The caller holds the lock.
func (m *Monitor) apply(v Verdict) {
	m.cfg.Observer.Probed(v)
	m.status.Latency = v.Latency
	if v.Err != nil {
		m.fails++
		m.breaker.byUploads = false // confirmed
		m.become(Unhealthy, v.Err)
		return
	}
	m.fails = 0
	m.status.LastSuccess = time.Now()
	if v.Leftover != nil {
		m.status.CleanupFailures++
		if m.status.Leftover == nil {
			m.cfg.Observer.LeftBehind(m.cfg.Probe.Key(), v.Leftover)
		}
	}
	m.status.Leftover = v.Leftover
	m.breaker.contradict(m.status.State, m.cfg.Interval)
	m.become(Healthy, nil)
}

// become changes the state, and tells so. The caller holds the lock.
func (m *Monitor) become(to State, err error) {
	from, now := m.status.State, time.Now()
	m.status.Err, m.status.Class = err, classOf(err)
	if from == to {
		return
	}
	c := Change{From: from, To: to, Err: err, Class: m.status.Class}
	if !m.status.Since.IsZero() {
		c.Lasted = now.Sub(m.status.Since)
	}
	m.status.State, m.status.Since = to, now
	m.shut.Store(to == Unhealthy)
	m.breaker.wake()
	m.cfg.Observer.Changed(c)
}

// pause waits, or returns why it could not.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
