package health

import (
	"context"
	"errors"
	"time"
)

// lastCheck is how long a check may take once nobody insists on it any more: a
// destination that is well has answered by then.
const lastCheck = 500 * time.Millisecond

// ConnectUnless is [Monitor.Connect] that ends soon after something has
// happened, such as that everything is to be written now.
func (m *Monitor) ConnectUnless(ctx context.Context, happened <-chan struct{}) Verdict {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-happened:
			time.AfterFunc(lastCheck, cancel)
		case <-ctx.Done():
		}
	}()
	return m.Connect(ctx)
}

// connectPatience is how long [Monitor.Connect] holds a caller whom it has told
// already that the destination is down.
const connectPatience = time.Minute

// Connect is [Monitor.Check] for a framework that logs each failure and tries
// again within a second. An outage that is known is returned at once, by whoever
// it was found; one that a probe finds when it ends, or with what the probe is
// waiting for when that takes long. Every further call waits for the destination, and fails with
// the latest reason once a minute. It starts the periodic probes, which end
// that wait, so that a destination that is down at the start is not probed more
// often than one that goes down later.
func (m *Monitor) Connect(ctx context.Context) Verdict {
	if m == nil {
		return Verdict{}
	}
	m.Start()
	m.mu.Lock()
	down := m.status.State == Unhealthy
	told := m.reported.Equal(m.status.Since)
	if down && !told {
		m.reported = m.status.Since
		defer m.mu.Unlock()
		return Verdict{Err: m.status.Err}
	}
	m.mu.Unlock()
	if down {
		bounded, cancel := context.WithTimeout(ctx, connectPatience)
		err := m.Gate(bounded)
		cancel()
		switch {
		case ctx.Err() != nil:
			return Verdict{Err: context.Cause(ctx)}
		case errors.Is(err, context.DeadlineExceeded):
			if s := m.Status(); s.Err != nil {
				return Verdict{Err: s.Err}
			}
		case err != nil:
			return Verdict{Err: err}
		}
	}
	v := m.check(ctx, true)
	if v.Err != nil {
		m.mu.Lock()
		m.reported = m.status.Since
		m.mu.Unlock()
	}
	return v
}
