package chunk

import (
	"fmt"
	"os"
	"reflect"
	"runtime/debug"

	"github.com/stretchr/testify/require"
)

// check compares what the ledger and the book count with what there is, and
// ends the tests where they differ. It runs in every one of them, each time the
// lock of a manager is given back; a panic would meet deferred functions that
// want that lock.
func (m *Manager) check() {
	if err := m.compare(); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: %v\n%s", err, debug.Stack())
		os.Exit(1)
	}
}

func (m *Manager) compare() error {
	chunks, err := m.ledger.everyChunk()
	if err != nil {
		return err
	}
	waiting, parkedOf := map[*Call]int{}, map[*Call]int{}
	var tallies [states]tally
	for _, c := range chunks {
		if err := c.compare(m.cfg.RecordOverhead, m.cfg.PartitionOverhead); err != nil {
			return err
		}
		tallies[c.state].add(c)
		for i := range c.runs {
			r := &c.runs[i]
			waiting[r.call] += r.len()
			if c.parkedIn != nil && !r.call.withdrawn {
				parkedOf[r.call] += r.len()
			}
		}
	}
	if tallies != m.ledger.tallies {
		return fmt.Errorf("tallies are %+v, and should be %+v", m.ledger.tallies, tallies)
	}
	return m.ledger.book.compare(&m.ledger, waiting, parkedOf)
}

// everyChunk collects the chunks from where they are kept, and looks whether
// they belong there.
func (l *ledger) everyChunk() ([]*chunk, error) {
	var all []*chunk
	for s := range states {
		for _, c := range l.in(s) {
			if c.state != s {
				return nil, fmt.Errorf("chunk %s is %s and kept with those that are %s", c.id, c.state, s)
			}
			all = append(all, c)
		}
	}
	for i, c := range l.byAge {
		switch {
		case c.heap != i, l.open[c.part] != c:
			return nil, fmt.Errorf("chunk %s is not where it says", c.id)
		case c.first.Before(l.byAge[max(i-1, 0)/2].first):
			return nil, fmt.Errorf("chunk %s is older than one before it in the heap", c.id)
		}
	}
	if len(l.open) != len(l.byAge) {
		return nil, fmt.Errorf("%d chunks are open and %d in the heap", len(l.open), len(l.byAge))
	}
	for p, w := range l.parked {
		if w.part != p || w.chunk != nil && w.chunk.parkedIn != w || w.probe != nil && (w.probe.parkedIn != w || w.probe.state.final()) {
			return nil, fmt.Errorf("the parked partition %q does not know its chunks", p.path)
		}
		if l.open[p] != nil {
			return nil, fmt.Errorf("the partition %q is open and parked", p.path)
		}
	}
	return all, nil
}

// compare looks at the sums of a chunk.
func (c *chunk) compare(overhead, partition int64) error {
	records, raw, charge, extra := 0, int64(0), int64(0), c.beside
	if partition > 0 {
		extra += partition + int64(len(c.part.path)+len(c.part.schema))
	}
	for i := range c.runs {
		r := c.runs[i]
		if r.len() <= 0 {
			return fmt.Errorf("chunk %s has an empty run", c.id)
		}
		r.measure(overhead)
		if r.raw != c.runs[i].raw || r.charge != c.runs[i].charge {
			return fmt.Errorf("a run of chunk %s has %+v, and should have %+v", c.id, c.runs[i], r)
		}
		records += r.len()
		raw += r.raw
		charge += r.charge
		extra += r.extra()
		if r.call.arrived.Before(c.first) {
			return fmt.Errorf("chunk %s has a record from before its first", c.id)
		}
		if sorted := c.state == encoded || c.state == landing; sorted && i > 0 && c.runs[i-1].compare(&c.runs[i]) >= 0 {
			return fmt.Errorf("chunk %s is not in order", c.id)
		}
	}
	if records != c.records || raw != c.raw || charge != c.charge || extra != c.extra {
		return fmt.Errorf("chunk %s (%s) counts %d records of %d, charge %d, extra %d, and has %d of %d, %d, %d",
			c.id, c.state, c.records, c.raw, c.charge, c.extra, records, raw, charge, extra)
	}
	return nil
}

// compare looks at the sums of the calls, and whether each waits for records
// that are somewhere.
func (b *book) compare(l *ledger, waiting, parkedOf map[*Call]int) error {
	var sums [stages]callTotals
	var held callTotals
	order := uint64(0)
	out := b.out.first
	for c := b.all.first; c != nil; c = c.links[inAll].next {
		if c.order <= order {
			return fmt.Errorf("call %d is after call %d", c.order, order)
		}
		order = c.order
		sums[c.stage].calls++
		sums[c.stage].charge += c.charge
		if c.stage <= asking {
			if out != c {
				return fmt.Errorf("call %d is not in its place in the line", c.order)
			}
			out = out.links[inOut].next
		}
		if c.stage == committed && waiting[c] != c.pending {
			return fmt.Errorf("call %d waits for %d records, and %d are in chunks", c.order, c.pending, waiting[c])
		}
		if c.parkedRecords != parkedOf[c] {
			return fmt.Errorf("call %d waits for %d parked records, and %d are", c.order, c.parkedRecords, parkedOf[c])
		}
		if c.parkedRecords > 0 {
			held.calls++
			held.charge += c.charge
		}
	}
	if !reflect.DeepEqual(sums, b.stages) || out != nil {
		return fmt.Errorf("the book has %+v, and should have %+v", b.stages, sums)
	}
	if held != l.parkedCalls {
		return fmt.Errorf("%+v wait for parked partitions, and not %+v", held, l.parkedCalls)
	}
	return nil
}

// atRest fails unless a manager holds nothing any more.
func atRest(t require.TestingT, m *Manager) {
	m.lock()
	defer m.unlock()
	require.Equal(t, [states]tally{}, m.ledger.tallies)
	require.Equal(t, [stages]callTotals{}, m.ledger.book.stages)
	require.Zero(t, m.ledger.parkedCalls)
}
