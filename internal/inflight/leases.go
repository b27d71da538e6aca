package inflight

import (
	"context"
	"errors"
	"slices"
)

// ErrWithdrawn is why a write ends with a lease.
var ErrWithdrawn = errors.New("withdrawing the records of a Kafka partition that another consumer reads now")

// Leases are what inputs of ours say about how long the messages of a batch may
// be stored. A batch from such an input has one for all; where batches are
// merged there may be more, and messages without.
type Leases struct {
	running []context.Context // each once
	over    []bool            // by message; nil when none is
	unbound bool              // there are messages that may always be stored
}

// LeasesOf returns the leases of n messages with these contexts.
func LeasesOf(n int, contextOf func(i int) context.Context) Leases {
	var l Leases
	var latest context.Context
	for i := range n {
		lease := LeaseOf(contextOf(i))
		switch {
		case lease == nil:
			l.unbound = true
		case lease.Err() != nil:
			if l.over == nil {
				l.over = make([]bool, n)
			}
			l.over[i] = true
		case lease != latest && !slices.Contains(l.running, lease):
			l.running, latest = append(l.running, lease), lease
		}
	}
	return l
}

// Over reports whether the lease of a message had ended before the batch came,
// so that it must not be stored.
func (l *Leases) Over(i int) bool { return l.over != nil && l.over[i] }

// Watch returns a context for the write of the batch, which ends with any of
// the leases, because of [ErrWithdrawn]: the records are then withdrawn as a
// whole, and those of the other leases come again. The function must be called
// in the end.
func (l *Leases) Watch(ctx context.Context) (context.Context, func()) {
	if len(l.running) == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stops := make([]func() bool, 0, len(l.running))
	for _, lease := range l.running {
		stops = append(stops, context.AfterFunc(lease, func() { cancel(ErrWithdrawn) }))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(nil)
	}
}

// Gone reports whether no message may be stored any more. Then there is nothing
// to report either: the input that has ended the leases does not take it for an
// acknowledgement, while those between an output and it would store the batch
// elsewhere, or try for ever.
func (l *Leases) Gone() bool {
	return !l.unbound && (len(l.running) > 0 || l.over != nil) &&
		!slices.ContainsFunc(l.running, func(lease context.Context) bool { return lease.Err() == nil })
}
