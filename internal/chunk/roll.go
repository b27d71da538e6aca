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
	m.rollDue(now)
	if m.calls == 0 {
		return time.Time{}, false
	}
	next = now.Add(report)
	if len(m.byAge) == 0 {
		return next, true
	}
	sooner := func(t time.Time, ok bool) {
		// What is due already waits for a worker, and that one looks.
		if ok && t.After(now) && t.Before(next) {
			next = t
		}
	}
	sooner(m.oldAt())
	sooner(m.quiet())
	return next, true
}

// rollDue applies the rules that cut chunks short. All but two do so only for
// workers that are free: a sealed chunk that waits for one is no sooner in the
// bucket, while an open one still grows. Those two are for calls that can
// return only when everything is written. The caller holds the lock.
func (m *Manager) rollDue(now time.Time) {
	if m.hurried {
		m.hurried = false
		m.sealAll(Recovery)
	}
	m.rollForMemory()
	m.rollSaturated()
	m.rollOld(now)
	m.rollIdle(now)
}

// free is the number of workers that have nothing to do and nothing waiting.
func (m *Manager) free() int {
	return max(m.cfg.Workers, 1) - len(m.busy) - len(m.queue)
}

// oldAt returns when the oldest chunk is too old. What waited at the gate may
// be so from the start: it is given a moment for what is let in with it.
func (m *Manager) oldAt() (time.Time, bool) {
	if m.cfg.MaxAge <= 0 || len(m.byAge) == 0 {
		return time.Time{}, false
	}
	c := m.byAge[0]
	return later(c.first.Add(m.cfg.MaxAge), m.together(c, min(linger, m.cfg.MaxAge))), true
}

// together returns until when others may join a chunk that was let in from the
// gate; a time long ago if nothing was.
func (m *Manager) together(c *chunk, wait time.Duration) time.Time {
	since := c.opened
	if m.gate.last.Before(since) {
		since = m.gate.last
	}
	return since.Add(wait)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// isOld reports whether the oldest chunk is too old.
func (m *Manager) isOld(now time.Time) bool {
	t, ok := m.oldAt()
	return ok && !now.Before(t)
}

// rollOld rolls the chunks whose first record is too old.
func (m *Manager) rollOld(now time.Time) {
	for m.free() > 0 && m.isOld(now) {
		m.seal(m.byAge[0], Age)
	}
}

// overtake puts a chunk that is too old before younger ones in the queue: a
// busy partition, whose chunks are rolled as they fill, does not hold up the
// others. The caller holds the lock.
func (m *Manager) overtake(now time.Time) {
	if len(m.queue) == 0 || !m.isOld(now) || !m.byAge[0].first.Before(m.queue[0].first) {
		return
	}
	m.seal(m.byAge[0], Age)
	last := len(m.queue) - 1
	c := m.queue[last]
	copy(m.queue[1:], m.queue[:last])
	m.queue[0] = c
}

// quiet returns when the open chunks are to be rolled unless something
// arrives before.
func (m *Manager) quiet() (time.Time, bool) {
	switch {
	case len(m.byAge) == 0:
		return time.Time{}, false
	case m.draining || m.flushing:
		c := m.byAge[0]
		return later(c.first.Add(linger), m.together(c, linger)), true
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
		return
	}
	reason := Idle
	if m.draining || m.flushing {
		reason = Drain
	}
	for m.free() > 0 {
		c := m.oldest()
		if c == nil {
			return
		}
		m.seal(c, reason)
		m.flushing = m.flushing && len(m.byAge) > 0
	}
}

// oldest returns the chunk to roll first, nil if none may be: dead letters only
// once no data is under way, since encoding it may add to them.
func (m *Manager) oldest() *chunk {
	if len(m.byAge) > 0 && m.byAge[0].part.kind == Data {
		return m.byAge[0]
	}
	var oldest *chunk
	for _, c := range m.byAge {
		if c.part.kind == Data && (oldest == nil || c.first.Before(oldest.first)) {
			oldest = c
		}
	}
	if oldest == nil && len(m.byAge) > 0 && len(m.queue)+len(m.busy) == 0 {
		return m.byAge[0]
	}
	return oldest
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
// the best objects and free the most. Several at once, for looking for the
// largest of many takes a while.
func (m *Manager) rollForMemory() {
	if m.free() <= 0 || !m.underPressure() {
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
