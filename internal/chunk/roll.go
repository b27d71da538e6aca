package chunk

import (
	"slices"
	"time"
)

const (
	// linger is how long arrivals are collected while draining, so that the
	// last messages of a stream do not become an object each, and after a wait
	// that many calls shared.
	linger = 100 * time.Millisecond
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
		m.lock()
		next, any := m.evaluate(time.Now())
		stats := m.stats()
		m.unlock()
		m.cfg.Observer.Observe(stats)
		if any {
			timer.Reset(time.Until(next))
		}
	}
}

// evaluate applies the rules and returns when to look again. The caller holds
// the lock.
func (m *Manager) evaluate(now time.Time) (next time.Time, any bool) {
	if m.left {
		m.sweep()
	}
	m.rollDue(now)
	if m.ledger.book.present() == 0 {
		return time.Time{}, false
	}
	next = now.Add(report)
	old, _ := m.oldAt()
	quiet, _ := m.quiet()
	for _, t := range [...]time.Time{old, quiet, m.tryNext} {
		// What is due already waits for an encoder, and is looked at then; a
		// time that never comes is zero.
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	return next, true
}

// rollDue applies the rules that cut chunks short. All but two do so only for
// encoders that are free: a sealed chunk that waits for one is no sooner in the
// bucket, while an open one still grows. Those two are for calls that can
// return only when everything is written. The caller holds the lock.
func (m *Manager) rollDue(now time.Time) {
	if m.closed {
		return
	}
	if m.hurried {
		m.hurried = false
		m.sealAll(Recovery)
	}
	m.rollHeld()
	m.rollForMemory()
	m.rollSaturated()
	m.rollOld(now)
	m.rollIdle(now)
	m.overtake(now)
	m.tryParked(now)
}

// oldAt returns when the oldest chunk is too old. What waited before it was let
// in may be so from the start: it is given a moment for what is let in with it.
func (m *Manager) oldAt() (time.Time, bool) {
	if m.cfg.MaxAge <= 0 || len(m.ledger.byAge) == 0 {
		return time.Time{}, false
	}
	c := m.ledger.byAge[0]
	at := c.first.Add(m.cfg.MaxAge)
	if c.gathers.IsZero() {
		return at, true
	}
	return later(at, c.opened.Add(min(linger, m.cfg.MaxAge))), true
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
	for m.free() > 0 && m.isOld(now) && m.seal(m.ledger.byAge[0], Age) {
	}
}

// overtake puts a chunk that is too old before younger ones that wait for an
// encoder: a busy partition, whose chunks are rolled as they fill, does not hold
// up the others. The caller holds the lock.
func (m *Manager) overtake(now time.Time) {
	l := &m.ledger
	if len(l.sealed) == 0 || m.idleEncoders() <= 0 || !m.isOld(now) || !l.byAge[0].first.Before(l.sealed[0].first) {
		return
	}
	if m.seal(l.byAge[0], Age) {
		l.overtake()
	}
}

// quiet returns when the open chunks are to be rolled unless something
// arrives before.
func (m *Manager) quiet() (time.Time, bool) {
	switch {
	case len(m.ledger.byAge) == 0:
		return time.Time{}, false
	case m.draining || m.flushing:
		c := m.ledger.byAge[0]
		return later(c.first.Add(linger), c.gathers), true
	case m.cfg.IdleTimeout > 0:
		return later(m.rhythm.quietAfter(m.cfg.IdleTimeout), m.lateIn.Add(linger)), true
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
		if !m.seal(c, reason) {
			return
		}
		m.flushing = m.flushing && len(m.ledger.byAge) > 0
	}
}

// oldest returns the chunk to roll first, nil if none may be: dead letters only
// once no data is under way, since encoding it may add to them.
func (m *Manager) oldest() *chunk {
	byAge := m.ledger.byAge
	if len(byAge) > 0 && byAge[0].part.kind == Data {
		return byAge[0]
	}
	var oldest *chunk
	for _, c := range byAge {
		if c.part.kind == Data && (oldest == nil || c.first.Before(oldest.first)) {
			oldest = c
		}
	}
	if oldest == nil && len(byAge) > 0 && m.ledger.underway() == 0 {
		return byAge[0]
	}
	return oldest
}

// rollSaturated rolls everything when no further call can arrive. While
// objects are under way their calls are about to return, so nothing is gained
// by cutting the others short.
func (m *Manager) rollSaturated() {
	if m.saturated() {
		m.sealAll(Saturation)
		m.tell(Observer.Saturated)
	}
}

func (m *Manager) saturated() bool {
	book := &m.ledger.book
	return m.cfg.MaxInFlight > 0 && book.stages[committed].calls+book.stages[asking].calls >= m.cfg.MaxInFlight &&
		len(m.ledger.byAge) > 0 && m.ledger.underway() == 0
}

// sealAll rolls everything: dead letters only once no data is under way, since
// encoding it may add to them.
func (m *Manager) sealAll(reason Reason) {
	for _, c := range slices.Clone(m.ledger.byAge) {
		if c.part.kind == Data && c.state == open {
			m.seal(c, reason)
		}
	}
	for m.ledger.underway() == 0 && len(m.ledger.byAge) > 0 && m.seal(m.ledger.byAge[0], reason) {
	}
}

// sweep takes back the records of withdrawn calls: an upload after a forced
// stop, or of records that somebody else reads again, would only make
// duplicates. The caller holds the lock.
func (m *Manager) sweep() {
	m.left = false
	l := &m.ledger
	for _, c := range l.in(encoded) {
		if c.spoiled() {
			m.recall(c)
		}
	}
	for _, c := range append(l.in(open), l.in(parked)...) {
		kept := c.runs.withoutWithdrawn()
		if len(kept) == len(c.runs) {
			continue
		}
		l.hold(c, kept)
		l.change(c, func() { c.expect(c.ratio) })
		if c.records == 0 {
			l.move(c, dissolved)
		}
	}
	for _, c := range l.in(forming) {
		if c.part.lane.Reason() != nil {
			l.move(c, dissolved)
		}
	}
	for c := range l.working {
		switch {
		case !c.wanted():
			if c.cancel != nil {
				c.cancel()
			}
		case c.state == landing && c.spoiled():
			c.recalled.close()
		}
	}
	m.letIn()
}
