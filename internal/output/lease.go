package output

import (
	"context"
	"errors"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// sink is the output as inputs of ours know it.
type sink struct {
	output *Output
	chunks *chunk.Manager
}

var _ inflight.Sink = (*sink)(nil)

// Flush implements inflight.Sink.
func (s *sink) Flush() { s.chunks.FlushHeld() }

// Relieve implements inflight.Sink.
func (s *sink) Relieve() { s.chunks.Relieve() }

// MemoryLimit implements inflight.Sink.
func (s *sink) MemoryLimit() int64 { return sizing.ForRecords(s.output.conf.MemoryLimit) }

// Slots implements inflight.Sink.
func (s *sink) Slots() int { return s.output.conf.MaxInFlight }

// leases are what inputs of ours say about how long the messages of a batch may
// be stored. A batch from such an input has one for all; where batches are
// merged there may be more, and messages without.
type leases struct {
	running []context.Context // each once
	over    []bool            // by message; nil when none is
	unbound bool              // there are messages that may always be stored
}

func leasesOf(batch service.MessageBatch) leases {
	var l leases
	var latest context.Context
	for i, m := range batch {
		lease := inflight.LeaseOf(m.Context())
		switch {
		case lease == nil:
			l.unbound = true
		case lease.Err() != nil:
			if l.over == nil {
				l.over = make([]bool, len(batch))
			}
			l.over[i] = true
		case lease != latest && !slices.Contains(l.running, lease):
			l.running, latest = append(l.running, lease), lease
		}
	}
	return l
}

// isOver reports whether a message must not be stored any more.
func (l *leases) isOver(i int) bool { return l.over != nil && l.over[i] }

// errWithdrawn is why a write ends with a lease.
var errWithdrawn = errors.New("withdrawing the records of a Kafka partition that another consumer reads now")

// watch returns a context for the write of the batch, which ends with any of
// the leases: the records are then withdrawn as a whole, and those of the other
// leases come again. The function must be called in the end.
func (l *leases) watch(ctx context.Context) (context.Context, func()) {
	if len(l.running) == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stops := make([]func() bool, 0, len(l.running))
	for _, lease := range l.running {
		stops = append(stops, context.AfterFunc(lease, func() { cancel(errWithdrawn) }))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(nil)
	}
}

// none reports whether no message may be stored any more. Then no error is
// returned either: the input that has ended the leases does not take it for an
// acknowledgement, while those between us and it would store the batch
// elsewhere, or try for ever.
func (l *leases) none() bool {
	return !l.unbound && (len(l.running) > 0 || l.over != nil) &&
		!slices.ContainsFunc(l.running, func(lease context.Context) bool { return lease.Err() == nil })
}

// outcome is what to say of a write with a context of watch.
func (l *leases) outcome(ctx context.Context, err error) error {
	if !errors.Is(err, unstored.ErrStopped) || !errors.Is(context.Cause(ctx), errWithdrawn) {
		return err
	}
	return errWithdrawn
}
