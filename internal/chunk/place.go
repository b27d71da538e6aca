package chunk

import "time"

// overshoot is how far beyond the cap a chunk is filled before it is rolled:
// the encoder takes what fits and the rest goes back, so that an estimate a
// little too high does not make the object smaller than it could be.
const overshoot = 1.05

// place appends a run to the partition's open chunk, rolling it as often as
// the records fill it. late says that the run waited before it came, probably
// with others, for which a new chunk waits a moment. The caller holds the lock.
func (m *Manager) place(p partition, r run, late bool) {
	if r.call.withdrawn {
		return
	}
	if w := m.ledger.parked[p]; w != nil {
		m.keep(w, r)
		return
	}
	if p.lane != nil {
		m.placeExactly(p, r, late)
		return
	}
	c := m.ledger.open[p]
	if c != nil {
		m.ledger.change(c, func() { c.expect(m.ratios.of(p)) })
	}
	for r.len() > 0 {
		if c == nil {
			c = m.openChunk(p, late)
		}
		var head run
		head, r = r.cut(m.fits(c, &r), m.cfg.RecordOverhead)
		m.ledger.join(c, head)
		if reason, full := m.full(c); full {
			m.seal(c, reason)
			c = nil
		}
	}
}

// openChunk opens a chunk for a partition that has none, making room first.
func (m *Manager) openChunk(p partition, late bool) *chunk {
	if limit := m.cfg.MaxOpenPartitions; limit > 0 && len(m.ledger.byAge) >= limit {
		m.seal(m.ledger.byAge[0], Partitions)
	}
	c := m.newChunk(p)
	if late {
		c.gathers = c.opened.Add(linger)
	}
	m.ledger.begin(c)
	return c
}

func (m *Manager) newChunk(p partition) *chunk {
	extra := int64(0)
	if m.cfg.PartitionOverhead > 0 {
		extra = m.cfg.PartitionOverhead + int64(len(p.path)+len(p.schema))
	}
	return &chunk{
		id: m.cfg.NewID(), part: p, opened: time.Now(), extra: extra, recalled: make(signal),
		ratio: m.ratios.of(p), most: m.cfg.capOf(p.kind),
	}
}

// fits is the number of records of a run with which the chunk is full, or all.
func (m *Manager) fits(c *chunk, r *run) int {
	n := r.len()
	if m.cfg.MaxRecords > 0 {
		n = min(n, m.cfg.MaxRecords-c.records)
	}
	if c.most <= 0 || !c.beyond(c.raw+r.raw) {
		return n
	}
	raw := c.raw
	for i := range n {
		if raw += int64(r.records()[i].Size()); r.note != nil {
			raw += letterSize
		}
		if c.beyond(raw) {
			return i + 1
		}
	}
	return n
}

// beyond reports whether the chunk is to be rolled with records of that size.
func (c *chunk) beyond(raw int64) bool {
	fill := overshoot
	if c.part.lane != nil {
		fill = undershoot
	}
	return float64(int64(float64(raw)*c.ratio)) >= fill*float64(c.most)
}

// full reports whether the chunk alone must be rolled, and why.
func (m *Manager) full(c *chunk) (Reason, bool) {
	switch {
	case m.cfg.MaxRecords > 0 && c.records >= m.cfg.MaxRecords:
		return Records, true
	case c.most > 0 && c.beyond(c.raw):
		return Size, true
	default:
		return "", false
	}
}

// seal closes a chunk that collects and hands it to the encoders. It reports
// whether it could: what is stored exactly once has to be announced, and there is
// not always room for that.
func (m *Manager) seal(c *chunk, reason Reason) bool {
	if c.part.lane != nil {
		return m.announce(c, reason)
	}
	c.reason = reason
	m.ledger.move(c, sealed)
	return true
}

// putBack returns what did not fit into an object to the partition's open
// chunk: before, between or after its records, wherever it belongs. The caller
// holds the lock.
func (m *Manager) putBack(p partition, rest runs) {
	if c := m.ledger.open[p]; c != nil {
		rest = merge(rest, c.runs)
		m.ledger.hold(c, nil)
	}
	for _, r := range rest {
		m.place(p, r, false)
	}
	if c := m.ledger.open[p]; c != nil && c.records == 0 {
		m.ledger.move(c, dissolved) // nobody waits for what it held
	}
}
