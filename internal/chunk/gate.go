package chunk

import "time"

// The gate lets calls in as long as memory_limit has room, in the order of
// their arrival: a call that came first and waits elsewhere, for the
// destination, holds up those behind it.

// roomFor reports whether a call of that charge may come in. One call is
// always let in, however large, so that no batch can block for ever. The
// caller holds the lock.
func (m *Manager) roomFor(charge int64) bool {
	return m.cfg.MemoryLimit <= 0 || m.ledger.book.held() == 0 || m.counted()+charge <= m.cfg.MemoryLimit
}

// letIn admits those whose turn it is, as many as fit. The caller holds the
// lock.
func (m *Manager) letIn() {
	book := &m.ledger.book
	for c := book.out.first; c != nil && c.stage == asking && m.roomFor(c.charge); c = book.out.first {
		book.move(c, admitted)
		now := time.Now()
		if c.waited = now.Sub(c.arrived) >= linger; c.waited {
			m.lateIn = now
		}
		if c.turn != nil {
			close(c.turn)
		}
	}
}

// letLateIn admits the first call that waits although there is no room: nothing
// can be sealed, because chunks have records that come after those of a call like
// it, and nothing is under way that would make room. The caller holds the lock.
func (m *Manager) letLateIn() {
	c := m.ledger.book.out.first
	if !m.gateShut() || c.ticket == nil || m.ledger.underway() > 0 {
		return
	}
	m.ledger.book.move(c, admitted)
	if c.turn != nil {
		close(c.turn)
	}
}

// gateShut reports whether a call waits because there is no room: one whose
// turn it is and that fits is let in. The caller holds the lock.
func (m *Manager) gateShut() bool {
	c := m.ledger.book.out.first
	return c != nil && c.stage == asking
}

// turnAway wakes every call that waits for memory. The caller holds the lock.
func (m *Manager) turnAway() {
	for c := m.ledger.book.out.first; c != nil; c = c.links[inOut].next {
		if c.turn != nil {
			close(c.turn)
			c.turn = nil
		}
	}
}

// counted is the memory that counts against the limit: what the calls inside
// hold, the encoded forms, and what this package keeps beside the records.
func (m *Manager) counted() int64 {
	l := &m.ledger
	passing := l.sum(encoding, encoded, landing)
	waiting := l.sum(open, sealed, parked, forming)
	return l.book.held() + m.projected(open, sealed) + passing.bytes + passing.extra + waiting.extra + m.ratios.memory()
}

// projected is the memory that the encoded forms of the chunks in some states
// will take. Only as many as are uploaded exist at once. Chunks differ in size,
// and a few times the average is meant to cover that.
func (m *Manager) projected(of ...state) int64 {
	const unevenness = 4
	t := m.ledger.sum(of...)
	if most := unevenness * m.cfg.Uploads; t.chunks > most {
		return t.bytes / int64(t.chunks) * int64(most)
	}
	return t.bytes
}
