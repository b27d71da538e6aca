package exactly

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Ledger is a lane between the input that owns its sources and the outputs that
// store their records: what an output announces in it, the input commits. It ends
// as soon as anything is not as it should be; then nothing more is announced, and
// the successor of its owner, who may be the same process, goes on from what is
// committed. It is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	lane    *Lane
	reason  error         // why it has ended
	ended   chan struct{} // closed then
	changed chan struct{} // closed when anything is, and replaced
	due     chan struct{} // holds something when there is something to commit
}

// NewLedger returns a ledger without sources, for metadata of at most limit bytes.
func NewLedger(limit int, stamp Stamp) *Ledger {
	return &Ledger{
		lane: NewLane(limit, stamp), ended: make(chan struct{}),
		changed: make(chan struct{}), due: make(chan struct{}, 1),
	}
}

// ErrEnded is that a ledger takes no more announcements.
var ErrEnded = errors.New("the records are stored by whoever reads them again")

// change lets something alter the lane, and tells those who wait for a change.
func (g *Ledger) change(alter func(l *Lane) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reason != nil {
		return ErrEnded
	}
	err := alter(g.lane)
	g.wake()
	return err
}

func (g *Ledger) wake() {
	close(g.changed)
	g.changed = make(chan struct{})
	if g.reason != nil || !g.lane.dirty() {
		return
	}
	select {
	case g.due <- struct{}{}:
	default:
	}
}

// End ends the ledger. The first reason counts.
func (g *Ledger) End(reason error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end(reason)
}

func (g *Ledger) end(reason error) {
	if g.reason != nil {
		return
	}
	g.reason = reason
	close(g.ended)
	g.wake()
}

// Ended is closed when the ledger has ended.
func (g *Ledger) Ended() <-chan struct{} { return g.ended }

// Reason is why it has ended; nil while it has not.
func (g *Ledger) Reason() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reason
}

// Read returns the ticket of records of a source up to end that are on their way,
// the last of which a leader has written; nil where the source is not in the ledger
// any more.
func (g *Ledger) Read(s Source, end int64, leader Leader) *Ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.lane.find(s)
	if p == nil || g.reason != nil {
		return nil
	}
	g.lane.Read(s, end, leader)
	return &Ticket{Ledger: g, Source: s, Salt: SaltOf(s), of: p, span: p.spans[len(p.spans)-1]}
}

func (g *Ledger) arrived(t *Ticket, sums map[Target]Sum) (expected bool) {
	_ = g.change(func(l *Lane) error {
		expected = l.find(t.Source) == t.of && !t.span.arrived && l.Arrived(t.Source, t.span.end, sums)
		return nil
	})
	return expected
}

// Current reports whether the ticket's source has been owned ever since it was
// read.
func (t *Ticket) Current() bool {
	g := t.Ledger
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reason == nil && (t.Recovery != nil || g.lane.find(t.Source) == t.of)
}

// lack ends the ledger if the records of a ticket are among those that it
// announces.
func (g *Ledger) lack(t *Ticket, reason error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lane.find(t.Source) == t.of && t.span.arrived {
		g.end(fmt.Errorf("records of %s were not stored: %w", t.Source, reason))
	}
}

// Ready reports whether the records of a ticket can be in an early object: all
// below them has arrived, and they are not above what the epoch has that grows.
func (g *Ledger) Ready(t *Ticket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lane.find(t.Source) != t.of || g.lane.Front(t.Source) < t.span.end {
		return false
	}
	if e := g.lane.growing; e != nil {
		_, ok := e.Member(t.Source)
		return ok
	}
	return true
}

// Within reports whether the records of a ticket are in a closed epoch.
func (t *Ticket) Within(e *Epoch) bool {
	i, ok := e.Member(t.Source)
	return ok && t.span.end <= e.Lane[i].End
}

// Seal announces an object of a target before its epoch is cut; see [Lane.Seal].
func (g *Ledger) Seal(t Target, parts []Part) (s Slot, clock Epoch, err error) {
	err = g.change(func(l *Lane) error {
		if s, err = l.Seal(t, parts); err == nil {
			clock = l.tracked(s).Epoch
		}
		return err
	})
	return s, clock, err
}

// Cut closes an epoch at what has arrived; see [Lane.Cut].
func (g *Ledger) Cut() (e *Epoch, slots []Slot, err error) {
	err = g.change(func(l *Lane) error {
		e, slots, err = l.Cut()
		return err
	})
	return e, slots, err
}

// Divide makes two objects of one; see [Lane.Divide].
func (g *Ledger) Divide(s Slot, parts []Part) (first Slot, err error) {
	err = g.change(func(l *Lane) error {
		first, err = l.Divide(s, parts)
		return err
	})
	return first, err
}

// Refuse notes what the encoder of an object could not take, and returns the slot
// of its dead letters. Of an epoch that others carry out too, nothing can be noted:
// they find the same.
func (g *Ledger) Refuse(s Slot, refused []Recorded, apart bool) (letters Slot, noted bool, err error) {
	err = g.change(func(l *Lane) error {
		letters, noted, err = l.Refuse(s, refused, apart)
		if errors.Is(err, ErrFrozen) {
			letters, err = l.inherit(s)
			noted = true
		}
		return err
	})
	return letters, noted, err
}

// inherit adds the object of dead letters to an epoch that cannot be changed. It
// has another one already when records are known to have been refused before.
func (l *Lane) inherit(s Slot) (Slot, error) {
	e := l.tracked(s)
	if e == nil {
		return Slot{}, ErrFrozen
	}
	letters := s.Letters()
	if _, taken := e.objects[letters]; taken {
		letters = letters.Letters()
	}
	for _, p := range l.sources {
		for _, e := range p.list {
			if _, ok := e.objects[s]; ok {
				e.objects[letters] = stageAnnounced
			}
		}
	}
	return letters, nil
}

// Alive reports whether an object is ours to store.
func (g *Ledger) Alive(s Slot) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reason == nil && g.lane.tracked(s) != nil
}

// Announced waits until an object may be uploaded: until it is committed as it is
// now (R1).
func (g *Ledger) Announced(ctx context.Context, s Slot) error {
	for {
		g.mu.Lock()
		e, changed, reason := g.lane.tracked(s), g.changed, g.reason
		switch {
		case reason != nil || e == nil:
			g.mu.Unlock()
			return ErrEnded
		case e.objects[s] >= stageAnnounced || !g.lane.broken.keeps(ruleIntentFirst):
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Landed notes that an object is in the store; see [Lane.Landed]. It comes too
// late when the ledger has ended, and changes nothing.
func (g *Ledger) Landed(s Slot) {
	_ = g.change(func(l *Lane) error {
		if err := l.Landed(s); err != nil {
			g.end(err)
		}
		return nil
	})
}
