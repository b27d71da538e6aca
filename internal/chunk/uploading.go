package chunk

import (
	"context"
	"time"
)

// The second stage of a sealed chunk: an upload, as many at once as the pace
// allows.

// mayLand reports whether one more upload may begin. The caller holds the lock.
func (m *Manager) mayLand() bool {
	return m.ledger.tallies[landing].chunks < m.pace.limit
}

// startLanding begins the uploads that may begin. The caller holds the lock.
func (m *Manager) startLanding() {
	for len(m.ledger.encoded) > 0 && m.mayLand() {
		c := m.ledger.encoded[0]
		if c.spoiled() {
			m.recall(c)
			continue
		}
		m.ledger.move(c, landing)
		m.done.Go(task{m, c}.land)
	}
}

// land uploads an object that had to wait for it.
func (t task) land() {
	ctx, cancel := context.WithCancel(t.m.ctx)
	defer cancel()
	t.m.lock()
	t.c.cancel = cancel
	if !t.c.wanted() {
		cancel() // its calls were withdrawn while it waited
	}
	t.m.unlock()
	t.m.land(ctx, t.c)
}

// land uploads an object and settles its records.
func (m *Manager) land(ctx context.Context, c *chunk) {
	o := Object{
		ID: c.id, Kind: c.part.kind, Path: c.part.path, Opened: c.opened,
		Reason: c.reason, Records: c.object, Rows: len(c.object), Encoded: c.form, Bytes: c.bytes, Notes: c.notes, Recalled: c.recalled,
	}
	if c.announced != nil {
		m.landAnnounced(ctx, c, o)
		return
	}
	var err error
	o.Key, err = m.pipe.Land(ctx, o)
	o.Encoded.Release()
	if err == nil {
		oversized := m.cfg.MaxFileSize > 0 && o.Bytes > m.cfg.MaxFileSize
		m.cfg.Observer.Landed(o, time.Since(c.first), oversized)
	}
	refused := err != nil && m.cfg.Refused != nil && m.cfg.Refused(err)
	m.lock()
	defer m.unlock()
	if err == nil {
		m.pace.finished(time.Now(), o.Bytes, m.ledger.passing() >= m.pace.limit)
	}
	switch {
	case c.state.final(): // closed in the meantime
	case err != nil && c.recalled.happened() && !m.closed && c.runs.wanted():
		m.giveAnother(c)
	case refused && !m.closed && c.runs.wanted():
		m.park(c, err)
	case err != nil:
		m.lost(c, err)
	default:
		m.ledger.move(c, landed)
		m.settle(c.runs)
		if w := m.ledger.parked[c.part]; w != nil {
			m.recover(w)
		}
	}
	m.passed(c)
}

// recall takes an encoded object back that holds records of withdrawn calls. The
// caller holds the lock.
func (m *Manager) recall(c *chunk) {
	c.form.Release()
	m.giveAnother(c)
}

// giveAnother gives the records of a chunk that are still waited for to another
// one. The caller holds the lock.
func (m *Manager) giveAnother(c *chunk) {
	kept := c.runs.withoutWithdrawn()
	m.ledger.move(c, dissolved)
	m.putBack(c.part, kept)
}

// lost fails the records of an object that could not be stored. The caller
// holds the lock.
func (m *Manager) lost(c *chunk, err error) {
	switch {
	case m.closed:
		err = ErrClosed
	case c.wanted():
		n := c.records
		m.tell(func(o Observer) { o.Failed(n, err) })
	}
	m.ledger.move(c, failed)
	m.fail(c.runs, err)
}
