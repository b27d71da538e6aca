package chunk

import (
	"strings"
	"time"
)

// still makes a manager without goroutines, to look at one rule at a time.
func still(cfg Config) *Manager {
	cfg.NewID = func() string { return "id" }
	cfg = cfg.complete()
	return &Manager{
		cfg: cfg, ledger: newLedger(), ratios: newRatios(cfg), pace: newPace(cfg.Uploads),
		recovered: map[partition]recovery{}, wake: make(chan struct{}, 1),
	}
}

// comes has a call arrive, ask for memory, and go on to a stage.
func (m *Manager) comes(charge int64, to stage) *Call {
	c := &Call{m: m, arrived: time.Now(), settled: make(chan struct{})}
	m.ledger.book.enter(c)
	m.ledger.book.ask(c, charge)
	m.ledger.book.move(c, to)
	return c
}

// brings gives a call records of one size, as a run.
func (c *Call) brings(n, size int) run {
	r := run{call: c, from: int32(len(c.records)), to: int32(len(c.records) + n)}
	for range n {
		c.indexes = append(c.indexes, int32(len(c.records)))
		c.records = append(c.records, raw(strings.Repeat("x", size)))
	}
	r.measure(c.m.cfg.RecordOverhead)
	return r
}

// opens adds an open chunk of that charge, and of so many bytes when encoded.
func (m *Manager) opens(path string, charge, bytes int64) *chunk {
	c := m.newChunk(partition{path: path})
	c.charge, c.bytes = charge, bytes
	m.ledger.begin(c)
	return c
}
