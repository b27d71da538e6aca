package chunk

import (
	"cmp"
	"slices"
	"time"
)

const (
	// linger is how long arrivals are collected while draining, so that the
	// last messages of a stream do not become an object each.
	linger = 100 * time.Millisecond
	// highWater and lowWater bound the share of the memory limit at which
	// chunks are rolled and down to which they are.
	highWater, lowWater = 0.8, 0.5
	// report is how often gauges are refreshed while records wait.
	report = time.Second
)

// roll is the goroutine that applies every rule that does not concern one
// chunk alone.
func (m *Manager) roll() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-m.wake:
		case <-timer.C:
		}
		m.mu.Lock()
		next, any := m.evaluate(time.Now())
		stats := m.stats()
		m.mu.Unlock()
		m.cfg.Observer.Observe(stats)
		if any {
			timer.Reset(time.Until(next))
		}
	}
}

// evaluate applies the rules and returns when to look again. The caller holds
// the lock.
func (m *Manager) evaluate(now time.Time) (next time.Time, any bool) {
	if m.dirty {
		m.sweep()
	}
	if m.hurried {
		m.hurried = false
		m.sealAll(Recovery)
	}
	m.rollForMemory()
	m.rollSaturated()
	m.rollOld(now)
	m.rollIdle(now)
	if m.calls == 0 {
		return time.Time{}, false
	}
	next = now.Add(report)
	if len(m.byAge) == 0 {
		return next, true
	}
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if m.cfg.MaxAge > 0 {
		sooner(m.byAge[0].first.Add(m.cfg.MaxAge))
	}
	if t, ok := m.quiet(); ok && t.After(now) {
		sooner(t) // else what is left waits for uploads, whose end wakes us
	}
	return next, true
}

// rollOld rolls the chunks whose first record is too old.
func (m *Manager) rollOld(now time.Time) {
	for m.cfg.MaxAge > 0 && len(m.byAge) > 0 && now.Sub(m.byAge[0].first) >= m.cfg.MaxAge {
		m.seal(m.byAge[0], Age)
	}
}

// quiet returns when the open chunks are to be rolled unless something
// arrives before.
func (m *Manager) quiet() (time.Time, bool) {
	switch {
	case m.draining:
		return m.rhythm.last.Add(linger), true
	case m.cfg.IdleTimeout > 0:
		return m.rhythm.quietAfter(m.cfg.IdleTimeout), true
	default:
		return time.Time{}, false
	}
}

// rollIdle rolls everything when the input has stopped: calls wait, and
// nothing has come for longer than its rhythm explains. An output is never
// told that its input ended, so this is how a finite input is finished.
func (m *Manager) rollIdle(now time.Time) {
	t, ok := m.quiet()
	if !ok || now.Before(t) {
		if m.draining && len(m.byAge) > 0 && now.Sub(m.byAge[0].first) >= linger {
			m.sealAll(Drain) // arrivals never pause: do not wait for a pause
		}
		return
	}
	reason := Idle
	if m.draining {
		reason = Drain
	}
	m.sealAll(reason)
}

// rollSaturated rolls everything when no further call can arrive. While
// objects are under way their calls are about to return, so nothing is gained
// by cutting the others short.
func (m *Manager) rollSaturated() {
	if m.saturated() {
		m.sealAll(Saturation)
		m.cfg.Observer.Saturated()
	}
}

func (m *Manager) saturated() bool {
	return m.cfg.MaxInFlight > 0 && m.unsettled+len(m.gate.queue) >= m.cfg.MaxInFlight &&
		len(m.byAge) > 0 && len(m.queue)+len(m.busy) == 0
}

// sealAll rolls everything: dead letters only once no data is under way, since
// encoding it may add to them.
func (m *Manager) sealAll(reason Reason) {
	for _, c := range slices.Clone(m.byAge) {
		if c.part.kind == Data {
			m.seal(c, reason)
		}
	}
	for len(m.queue)+len(m.busy) == 0 && len(m.byAge) > 0 {
		m.seal(m.byAge[0], reason)
	}
}

// pressure is the memory that rolling chunks could free: what waiting calls
// hold, less what is already on its way out. Records that are stored but
// whose call waits for others count, so that those others are rolled too. Calls
// on their way in or out do not: rolling chunks would change nothing for them.
func (m *Manager) pressure() int64 { return m.waiting - m.sealed + m.projected() }

// projected is the memory that the encoded forms of the open chunks will take.
// Only as many as there are workers exist at once. Chunks differ in size, and a
// few times the average is meant to cover that.
func (m *Manager) projected() int64 {
	const unevenness = 4
	if n, most := len(m.byAge), unevenness*max(m.cfg.Workers, 1); n > most {
		return m.openOut / int64(n) * int64(most)
	}
	return m.openOut
}

// underPressure reports whether chunks must be rolled to free memory.
func (m *Manager) underPressure() bool {
	if m.cfg.MemoryLimit <= 0 || len(m.byAge) == 0 {
		return false
	}
	inside := m.calls - len(m.gate.queue)
	if m.gate.mustWait() && len(m.queue)+len(m.busy) == 0 && inside == m.unsettled {
		return true // no upload and no call on its way in or out will make room
	}
	return m.pressure() > int64(highWater*float64(m.cfg.MemoryLimit))
}

// rollForMemory rolls the largest chunks until the pressure is low: they give
// the best objects and free the most.
func (m *Manager) rollForMemory() {
	if !m.underPressure() {
		return
	}
	excess := m.pressure() - int64(lowWater*float64(m.cfg.MemoryLimit))
	bySize := slices.Clone(m.byAge)
	slices.SortFunc(bySize, func(a, b *chunk) int { return cmp.Compare(b.charge, a.charge) })
	for i, c := range bySize {
		if i > 0 && excess <= 0 {
			break
		}
		excess -= c.charge + c.out
		m.seal(c, Memory)
	}
}

// sweep takes back the records of cancelled calls: an upload after a forced
// stop would only make duplicates of records that will be delivered again.
func (m *Manager) sweep() {
	m.dirty = false
	for _, c := range slices.Clone(m.byAge) {
		before := c.out
		if !c.dropCancelled(m.cfg.RecordOverhead) {
			continue
		}
		c.estimate(c.ratio)
		m.openOut += c.out - before
		if c.len() == 0 {
			m.forget(c)
		}
	}
	for c := range m.busy {
		if c.cancel != nil && !c.wanted() {
			c.cancel()
		}
	}
}
