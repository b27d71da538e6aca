package exactly

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// mostPending is how many epochs of a source may be closed and not landed: under
// back-pressure objects grow instead of becoming many.
const mostPending = 2

// Lane is a set of sources whose records an owner mixes in its objects, and what
// it has announced of them. It does nothing by itself: it says what to commit and
// what may be uploaded then. It is not safe for concurrent use.
type Lane struct {
	limit   int
	stamp   Stamp
	sources []*source
	growing *tracked // an epoch with early objects that is not closed
	sending bool     // a commit is under way
	broken  rule
}

// Stamp makes the id and the clock of an epoch.
type Stamp func() (EpochID, time.Time)

// source is a Kafka partition that is owned.
type source struct {
	Source
	print uint32
	low   int64      // to commit
	below Leader     // of the record below low
	list  []*tracked // that the metadata has, in order
	from  int64      // where the next epoch begins
	front int64      // everything below has arrived
	leads Leader     // of the record below front
	spans []*span    // what was read and has not all arrived, in order
	done  int64      // a pipeline is done with everything below
	open  []*span    // what a pipeline is not done with, in order
	sums  map[Target]Sum
	dirty bool // differs from what was sent
	// leaving: nothing more of it is read, so that new epochs do without it.
	leaving bool
}

// span is a range of offsets that was read and goes through a pipeline in one
// piece.
type span struct {
	end     int64
	leader  Leader // of the last record
	arrived bool
	passed  bool
	sums    map[Target]Sum
}

// NewLane makes a lane without sources, whose metadata may be limit bytes long.
func NewLane(limit int, stamp Stamp) *Lane { return &Lane{limit: limit, stamp: stamp} }

// Gain adds sources that were taken over. The epoch that grows does not get them.
func (l *Lane) Gain(all ...*Resumed) {
	for _, r := range all {
		l.sources = append(l.sources, &source{
			Source: r.Source, print: r.Print, low: r.Low, list: r.epochs, dirty: r.dirty,
			from: r.Position, front: r.Position, done: r.Position, below: r.Below, leads: r.leads(), sums: map[Target]Sum{},
		})
		l.advance(l.sources[len(l.sources)-1])
	}
	slices.SortFunc(l.sources, func(a, b *source) int { return a.Compare(b.Source) })
}

func (l *Lane) find(s Source) *source {
	i, ok := slices.BinarySearchFunc(l.sources, s, func(a *source, s Source) int { return a.Compare(s) })
	if !ok {
		return nil
	}
	return l.sources[i]
}

// Read notes that the records of a source up to end are on their way, the last of
// which a leader has written.
func (l *Lane) Read(s Source, end int64, leader Leader) {
	p := l.find(s)
	a := &span{end: end, leader: leader}
	p.spans = append(p.spans, a)
	p.open = append(p.open, a)
}

// Passed notes that a pipeline is done with the records of a source up to end.
// Until then some may come late: no offset above them is committed.
func (l *Lane) Passed(s Source, end int64) {
	p := l.find(s)
	if p == nil {
		return
	}
	for _, a := range p.open {
		if a.end == end {
			a.passed = true
		}
	}
	for len(p.open) > 0 && p.open[0].passed {
		p.done = p.open[0].end
		p.open = p.open[1:]
	}
	l.advance(p)
}

// Arrived notes what has come of the records up to end: how many of which target.
// It reports whether that was expected; what was not comes too late.
func (l *Lane) Arrived(s Source, end int64, sums map[Target]Sum) bool {
	p := l.find(s)
	if p == nil {
		return false
	}
	i := slices.IndexFunc(p.spans, func(a *span) bool { return a.end == end && !a.arrived })
	if i < 0 {
		return false
	}
	p.spans[i].arrived, p.spans[i].sums = true, sums
	for len(p.spans) > 0 && p.spans[0].arrived {
		for t, sum := range p.spans[0].sums {
			p.sums[t] = p.sums[t].Add(sum)
		}
		p.front, p.leads = p.spans[0].end, max(p.leads, p.spans[0].leader)
		p.spans = p.spans[1:]
	}
	return true
}

// Front is the offset of a source below which everything has arrived.
func (l *Lane) Front(s Source) int64 { return l.find(s).front }

// ErrNoRoom is that nothing more can be announced before something has landed, or
// before the growing epoch is cut.
var ErrNoRoom = errors.New("no room for another intent")

// Part is what of a source goes into an early object: the records below Cut that
// no earlier object has.
type Part struct {
	Source
	Cut int64
	Sum Sum
}

// Seal seals an object of a target before its epoch is cut. ErrNoRoom: cut.
func (l *Lane) Seal(t Target, parts []Part) (Slot, error) {
	if l.pending() >= mostPending {
		return Slot{}, ErrNoRoom
	}
	e := l.growing
	if e == nil {
		e = track(l.begin(l.sources))
	}
	next := e.Clone()
	cuts := latest(&next, t)
	for _, p := range parts {
		i, ok := next.Member(p.Source)
		if !ok || l.find(p.Source) == nil {
			return Slot{}, fmt.Errorf("sealing an object of %s: %w", p.Source, ErrFrozen)
		}
		if p.Cut < cuts[i] || p.Cut > l.find(p.Source).front {
			return Slot{}, fmt.Errorf("sealing an object at offset %d of %s: another one has that, or not all below has arrived", p.Cut, p.Source)
		}
		cuts[i] = p.Cut
		next.Digest += p.Sum.Digest
	}
	next.Early = append(next.Early, Early{t, cuts})
	l.led(&next)
	j := next.Sealed(t)
	if !l.fits(e, next) {
		return Slot{}, ErrNoRoom
	}
	if l.growing == nil {
		l.growing = e
		l.listed(e)
	}
	e.Epoch = next
	slot := Slot{e.ID, t, j}
	e.objects[slot] = stagePlanned
	for _, p := range parts {
		s := l.find(p.Source)
		s.take(t, p.Sum)
	}
	l.changed(e)
	return slot, nil
}

func (p *source) take(t Target, sum Sum) {
	if left := p.sums[t].without(sum); left.Records > 0 {
		p.sums[t] = left
	} else {
		delete(p.sums, t)
	}
}

// latest are the highest cuts of a target.
func latest(e *Epoch, t Target) []int64 {
	return highest(e, t, func([]int64) bool { return true })
}

// highest are the highest cuts of a target among some of its objects.
func highest(e *Epoch, t Target, among func(cuts []int64) bool) []int64 {
	cuts := make([]int64, len(e.Lane))
	for i, m := range e.Lane {
		cuts[i] = m.Start
	}
	for _, s := range e.Early {
		if s.Target == t && among(s.Cuts) {
			for i, cut := range s.Cuts {
				cuts[i] = max(cuts[i], cut)
			}
		}
	}
	return cuts
}

// Cut closes an epoch at what has arrived: the growing one, or one that it begins.
// It returns the epoch with the objects that are left to be made; none when nothing
// has arrived. ErrNoRoom: not now.
func (l *Lane) Cut() (*Epoch, []Slot, error) {
	e := l.growing
	if e == nil {
		var moved []*source
		for _, p := range l.sources {
			if p.front > p.from {
				moved = append(moved, p)
			}
		}
		if len(moved) == 0 {
			return nil, nil, nil
		}
		e = track(l.begin(moved))
	}
	if l.pending() >= mostPending {
		return nil, nil, ErrNoRoom
	}
	next := e.Clone()
	next.Closed = true
	left := map[Target]bool{}
	for i := range next.Lane {
		p := l.find(next.Lane[i].Source)
		if p == nil { // only when R7 is broken
			next.Lane[i].End = e.Reach(i)
			continue
		}
		next.Lane[i].End, next.Lane[i].Leader = p.front, p.leads
		for t, sum := range p.sums {
			next.Digest += sum.Digest
			left[t] = true
		}
	}
	if !l.fits(e, next) {
		return nil, nil, ErrNoRoom
	}
	if l.growing == nil {
		l.listed(e)
	}
	l.growing, e.Epoch = nil, next
	slots := make([]Slot, 0, len(left))
	for t := range left {
		slots = append(slots, Slot{e.ID, t, last})
		e.objects[slots[len(slots)-1]] = stagePlanned
	}
	slices.SortFunc(slots, compareSlots)
	for _, m := range e.Lane {
		if p := l.find(m.Source); p != nil {
			p.from, p.sums = m.End, map[Target]Sum{}
		}
	}
	l.changed(e)
	l.advanceAll()
	closed := e.Clone()
	return &closed, slots, nil
}

// begin is a new epoch of some sources.
func (l *Lane) begin(sources []*source) Epoch {
	id, clock := l.stamp()
	e := Epoch{ID: id, Clock: ClockOf(clock)}
	for _, p := range sources {
		if p.leaving && p.front == p.from && len(p.open) == 0 {
			continue
		}
		e.Lane = append(e.Lane, Member{Source: p.Source, Print: p.print, Start: p.from})
	}
	return e
}

// listed adds an epoch to those of its sources.
func (l *Lane) listed(e *tracked) {
	for _, m := range e.Lane {
		p := l.find(m.Source)
		p.list = append(p.list, e)
	}
}

// changed has the next commit carry an epoch, for its whole lane (R4).
func (l *Lane) changed(e *tracked) {
	e.fresh = true
	for _, m := range e.Lane {
		if p := l.find(m.Source); p != nil {
			p.dirty = true
		}
	}
}

// pending is how many epochs are closed and listed, of the source that has most.
func (l *Lane) pending() (most int) {
	for _, p := range l.sources {
		n := 0
		for _, e := range p.list {
			if e.Closed {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// far is how many offsets of a source an epoch may have when it is closed: room
// for that is kept.
const far = 1 << 34

// most is how long metadata may be.
func (l *Lane) most() int {
	if !l.broken.keeps(ruleMetadataLimit) { // R4
		return mostEncoded
	}
	return l.limit
}

// fits reports whether the lists of all sources of an epoch fit with what is to
// become of it (R4). One that stays open can be closed then, and a successor can
// add what is left of a source beside its early objects.
func (l *Lane) fits(e *tracked, next Epoch) bool {
	closed := next.Clone()
	if !next.Closed {
		for i := range closed.Lane {
			closed.Lane[i].End = next.Reach(i) + far
			closed.Lane[i].Leader += manyLeaders
		}
		closed.Closed = true
	}
	for _, m := range next.Lane {
		p := l.find(m.Source)
		if p == nil { // only when R7 is broken
			continue
		}
		var epochs []Epoch
		for _, t := range p.list {
			if t != e {
				epochs = append(epochs, t.Epoch)
			}
		}
		n := len(epochs)
		if !l.encodes(p, append(epochs, closed)) {
			return false
		}
		rest := m
		rest.End = rest.Start + far // and its leader is no other one
		if !next.Closed && !l.encodes(p, append(epochs[:n:n], next, Epoch{Closed: true, Clock: next.Clock, Lane: []Member{rest}})) {
			return false
		}
	}
	return true
}

func (l *Lane) encodes(p *source, epochs []Epoch) bool {
	_, err := Encode(p.Topic, epochs, l.most())
	return err == nil
}

func compareSlots(a, b Slot) int {
	return cmp.Or(bytes.Compare(a.Epoch[:], b.Epoch[:]), cmp.Compare(a.Target, b.Target), cmp.Compare(a.J, b.J))
}
