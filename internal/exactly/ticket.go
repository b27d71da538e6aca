package exactly

import (
	"context"
	"sync/atomic"
)

// Ticket goes with the messages of one batch of a source through a pipeline, and
// tells the output where their objects are announced. It is immutable.
type Ticket struct {
	// Ledger has the lane of the source.
	Ledger *Ledger
	// Recovery is set for records that are read again, to form objects again that
	// a predecessor has announced; nil for others.
	Recovery *Recovery
	Source   Source
	Salt     Salt

	of   *source // nil with Recovery
	span *span
}

type ticketKey struct{}

// ticketed is set once any message of this process has a ticket: until then no
// message is asked for it.
var ticketed atomic.Bool

// WithTicket returns a context for messages that go with a ticket.
func WithTicket(ctx context.Context, t *Ticket) context.Context {
	ticketed.Store(true)
	return context.WithValue(ctx, ticketKey{}, t)
}

// TicketOf returns the ticket of a message's context, nil where there is none.
func TicketOf(ctx context.Context) *Ticket {
	if !ticketed.Load() {
		return nil
	}
	t, _ := ctx.Value(ticketKey{}).(*Ticket)
	return t
}

// Arrived notes what has come of the ticket's records: how many of which target.
// It reports whether that was expected. What was not comes too late, or for
// somebody else.
func (t *Ticket) Arrived(sums map[Target]Sum) bool {
	if t.Recovery != nil {
		return t.Recovery.arrived(t)
	}
	return t.Ledger.arrived(t, sums)
}

// Break notes that records of the ticket will not be stored although they have
// arrived: while their source is owned nothing more may be announced then.
func (t *Ticket) Break(reason error) {
	if t.Recovery != nil {
		t.Recovery.abandon(reason)
		return
	}
	t.Ledger.lack(t, reason)
}

// HasArrived reports whether an output has got the records of the ticket.
func (t *Ticket) HasArrived() bool {
	if r := t.Recovery; r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		return t.span.arrived
	}
	t.Ledger.mu.Lock()
	defer t.Ledger.mu.Unlock()
	return t.span.arrived
}
