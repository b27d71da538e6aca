package chunk

import (
	"container/heap"
	"slices"
)

// ledger knows every chunk that is not at its end, and counts what they hold by
// state. All moves and all changes of what a chunk holds go through it, so that
// the counts are right by construction; a test hook compares them with the
// contents each time the lock is given back. It is guarded by the manager's
// lock.
type ledger struct {
	tallies [states]tally
	open    map[partition]*chunk
	byAge   ageHeap // the open chunks
	sealed  []*chunk
	encoded []*chunk
	// working are the chunks that are being encoded or uploaded.
	working map[*chunk]struct{}
	parked  map[partition]*parkedPartition
	// forming are the chunks of objects that are formed again.
	forming map[formed]*chunk
	// parkedCalls is what the calls hold that wait for records of parked
	// partitions.
	parkedCalls callTotals
	book        book
}

// tally is what the chunks of one state hold.
type tally struct {
	chunks               int
	charge, extra, bytes int64
}

func (t *tally) add(c *chunk) {
	t.chunks++
	t.charge += c.charge
	t.extra += c.extra
	t.bytes += c.bytes
}

func (t *tally) remove(c *chunk) {
	t.chunks--
	t.charge -= c.charge
	t.extra -= c.extra
	t.bytes -= c.bytes
}

func newLedger() ledger {
	return ledger{
		open:    map[partition]*chunk{},
		working: map[*chunk]struct{}{},
		parked:  map[partition]*parkedPartition{},
		forming: map[formed]*chunk{},
	}
}

// change lets something alter what a chunk holds.
func (l *ledger) change(c *chunk, alter func()) {
	l.tallies[c.state].remove(c)
	alter()
	l.tallies[c.state].add(c)
}

// join adds a run to a chunk that collects.
func (l *ledger) join(c *chunk, r run) {
	l.tallies[c.state].remove(c)
	first := c.first
	c.join(r)
	l.tallies[c.state].add(c)
	if c.state == open && !c.first.Equal(first) {
		heap.Fix(&l.byAge, c.heap)
	}
	l.countParked(c, r)
}

// hold replaces what a chunk holds.
func (l *ledger) hold(c *chunk, rs runs) {
	l.release(c)
	l.change(c, func() { c.hold(rs) })
	for _, r := range rs {
		l.countParked(c, r)
	}
	if c.state == open {
		heap.Fix(&l.byAge, c.heap)
	}
}

// begin takes a new chunk in, which is open or parked.
func (l *ledger) begin(c *chunk) {
	l.tallies[c.state].add(c)
	l.arrive(c)
}

// move takes a chunk to its next state.
func (l *ledger) move(c *chunk, to state) {
	l.leave(c)
	l.tallies[c.state].remove(c)
	c.become(to)
	if to.final() {
		l.release(c)
		if w := c.parkedIn; w != nil && w.probe == c {
			w.probe = nil
		}
		return
	}
	l.tallies[to].add(c)
	l.arrive(c)
}

// leave takes a chunk out of where those of its state are kept.
func (l *ledger) leave(c *chunk) {
	switch c.state {
	case open:
		heap.Remove(&l.byAge, c.heap)
		delete(l.open, c.part)
	case sealed:
		l.sealed = without(l.sealed, c)
	case encoded:
		l.encoded = without(l.encoded, c)
	case encoding, landing:
		delete(l.working, c)
		c.cancel = nil
	case parked:
		c.parkedIn.chunk = nil
	case forming:
		delete(l.forming, c.announced.formed())
	case landed, failed, dissolved, states:
	}
}

// arrive puts a chunk where those of its state are kept.
func (l *ledger) arrive(c *chunk) {
	switch c.state {
	case open:
		l.open[c.part] = c
		heap.Push(&l.byAge, c)
	case sealed:
		l.sealed = append(l.sealed, c)
	case encoded:
		l.encoded = append(l.encoded, c)
	case encoding, landing:
		l.working[c] = struct{}{}
	case parked:
		c.parkedIn.chunk = c
	case forming:
		l.forming[c.announced.formed()] = c
	case landed, failed, dissolved, states:
	}
}

// without takes a chunk off a queue, most often its head.
func without(queue []*chunk, c *chunk) []*chunk {
	if queue[0] == c {
		queue[0] = nil
		return queue[1:]
	}
	return slices.DeleteFunc(queue, func(q *chunk) bool { return q == c })
}

// overtake puts the last of the sealed chunks before the others.
func (l *ledger) overtake() {
	last := len(l.sealed) - 1
	c := l.sealed[last]
	copy(l.sealed[1:], l.sealed[:last])
	l.sealed[0] = c
}

// underway is the number of chunks between their seal and their end.
func (l *ledger) underway() int {
	return len(l.sealed) + len(l.encoded) + len(l.working)
}

// sum adds up the tallies of some states.
func (l *ledger) sum(of ...state) tally {
	var t tally
	for _, s := range of {
		u := &l.tallies[s]
		t.chunks += u.chunks
		t.charge += u.charge
		t.extra += u.extra
		t.bytes += u.bytes
	}
	return t
}

// callTotals is a number of calls and what they are charged.
type callTotals struct {
	calls  int
	charge int64
}

// countParked notes that a call waits for records of a parked partition.
func (l *ledger) countParked(c *chunk, r run) {
	if c.parkedIn == nil || r.call.withdrawn {
		return
	}
	if r.call.parkedRecords == 0 {
		l.parkedCalls.calls++
		l.parkedCalls.charge += r.call.charge
	}
	r.call.parkedRecords += r.len()
}

// release ends that for all that a chunk holds.
func (l *ledger) release(c *chunk) {
	if c.parkedIn == nil {
		return
	}
	for i := range c.runs {
		l.uncountParked(c.runs[i].call, c.runs[i].len())
	}
}

func (l *ledger) uncountParked(call *Call, records int) {
	if call.parkedRecords == 0 { // withdrawn in the meantime
		return
	}
	call.parkedRecords -= records
	if call.parkedRecords == 0 {
		l.parkedCalls.calls--
		l.parkedCalls.charge -= call.charge
	}
}

// in returns the chunks of a state.
func (l *ledger) in(s state) []*chunk {
	var all []*chunk
	switch s {
	case open:
		return slices.Clone(l.byAge)
	case sealed:
		return slices.Clone(l.sealed)
	case encoded:
		return slices.Clone(l.encoded)
	case encoding, landing:
		for c := range l.working {
			if c.state == s {
				all = append(all, c)
			}
		}
	case parked:
		for _, w := range l.parked {
			if w.chunk != nil {
				all = append(all, w.chunk)
			}
		}
	case forming:
		for _, c := range l.forming {
			all = append(all, c)
		}
	case landed, failed, dissolved, states:
	}
	return all
}
