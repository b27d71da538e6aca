package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

// errRevoked is why a lease ends.
var errRevoked = errors.New("the partition belongs to another consumer now")

// leave prepares partitions for their revocation: they hand out nothing more,
// and what was not handed out is dropped. It returns those that are owned.
func (r *reader) leave(all []topicPartition) []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	var parts []*partition
	for _, tp := range all {
		p := r.owned[tp]
		if p == nil {
			continue
		}
		p.leaving = true
		r.forget(p)
		parts = append(parts, p)
	}
	r.wake()
	return parts
}

// forget drops what a partition has not handed out. The caller holds the lock.
func (r *reader) forget(p *partition) {
	for _, record := range p.waiting {
		r.bytes -= charge(record)
	}
	p.drop()
	r.order = slices.DeleteFunc(r.order, func(q *partition) bool { return q == p })
	r.retries = slices.DeleteFunc(r.retries, func(d *delivery) bool {
		if d.part != p {
			return false
		}
		r.bytes -= d.bytes
		r.metrics.withdrawn.Incr(int64(len(d.records)))
		return true
	})
}

// flushInterval is how often outputs are told to write while partitions wait
// for it: some of their records may be on the way to them.
const flushInterval = 250 * time.Millisecond

// settled has the outputs write, and waits until all that partitions have handed
// out is stored or has failed. It reports whether that happened in time.
func (r *reader) settled(ctx context.Context, parts []*partition, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	again := time.NewTicker(flushInterval)
	defer again.Stop()
	for flush := true; ; {
		r.mu.Lock()
		busy := slices.ContainsFunc(parts, func(p *partition) bool { return p.handed > 0 })
		changed := r.changed
		r.mu.Unlock()
		if !busy {
			return true
		}
		if flush {
			inflight.Flush(r.stream)
		}
		select {
		case <-changed:
			flush = false
		case <-again.C:
			flush = true
		case <-ctx.Done():
			return false
		}
	}
}

// disown ends the leases of partitions: whatever is not stored is withdrawn.
func (r *reader) disown(parts []*partition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range parts {
		p.revoke(errRevoked)
		p.leaving = true
		r.forget(p)
		if r.owned[p.topicPartition] == p {
			delete(r.owned, p.topicPartition)
		}
	}
	r.wake()
}

// partitions returns all that are owned.
func (r *reader) partitions() []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*partition, 0, len(r.owned))
	for _, p := range r.owned {
		all = append(all, p)
	}
	return all
}
