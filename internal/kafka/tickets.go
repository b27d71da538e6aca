package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/inflight"
)

// mostOffered is how many batches that are read again wait to be handed out.
const mostOffered = 4

// ticketed gives a delivery a ticket where records are stored exactly once. The
// caller holds the lock.
func (r *reader) ticketed(d *delivery) {
	if r.exact == nil {
		return
	}
	tp := d.part.topicPartition
	if d.ticket = r.exact.ticket(tp, d.span.end, d.span.epoch); d.ticket == nil {
		r.exact.end(fmt.Errorf("records of %s/%d were read without being taken over", tp.topic, tp.id))
		d.part.revoke(errRevoked)
	}
}

// offer hands out records that are read again, before any others. It waits while
// much of that waits to be handed out.
func (r *reader) offer(ctx context.Context, tp topicPartition, records []*kgo.Record, highWater int64, ticket func() *exactly.Ticket) error {
	for {
		r.mu.Lock()
		if len(r.offered) < mostOffered {
			break
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer r.mu.Unlock()
	t := ticket()
	if t == nil {
		return errRevoked
	}
	p := r.owned[tp]
	if t.Recovery != nil || p == nil {
		if p = r.siblings[tp]; p == nil {
			p = newPartition(tp)
			r.siblings[tp] = p
		}
	}
	bytes := int64(inflight.BatchOverhead)
	for _, record := range records {
		bytes += charge(record)
	}
	r.bytes += bytes
	p.highWater = highWater
	d := p.deliver(records, bytes)
	d.ticket = t
	r.offered = append(r.offered, d)
	r.wake()
	return nil
}

// errNotStored is why a ledger ends whose records an output gave back.
var errNotStored = errors.New("an output gave them back")

// settleTicket ends a delivery of records that are stored exactly once. It reports
// whether there is nothing left to do with it: one that no output has got yet is
// handed out again as any other. The caller holds the lock.
func (r *reader) settleTicket(d *delivery, err error) bool {
	switch {
	case err == nil && d.part.lease.Err() == nil:
		d.ticket.Passed()
		return false
	case err == nil || d.part.lease.Err() != nil || !d.ticket.HasArrived():
		return false
	}
	d.ticket.Break(errors.Join(errNotStored, err))
	r.metrics.withdrawn.Incr(int64(len(d.records)))
	r.bytes -= d.bytes
	return true
}
