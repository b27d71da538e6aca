package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

const (
	// easy is the share of the slots, one in so many, that may be taken before
	// new batches are held back to grow.
	easy = 16
	// doubling is the share whose batches double the time for which a batch may
	// grow. With half of the slots taken that is several seconds.
	doubling = 20
	// spare is the share of the slots that are never taken.
	spare = 10
	// firstGrowth is the growth time at easy, lastGrowth the longest.
	firstGrowth, lastGrowth = 20 * time.Millisecond, time.Minute
	// shares is into how many batches the memory is divided: a batch of that
	// size is handed out at once.
	shares = 256
	// leastBatch and mostBatch bound the bytes of a batch that is handed out at
	// once.
	leastBatch, mostBatch = 256 << 10, 8 << 20
	// firstRetry and lastRetry bound the wait before a batch that failed is
	// handed out again; it doubles from one to the other.
	firstRetry, lastRetry = 500 * time.Millisecond, 30 * time.Second
)

// reader holds what was fetched and hands it out in batches of one partition.
// It is safe for concurrent use.
type reader struct {
	limit   int64  // bytes under way; zero: ask the outputs
	stream  string // whose outputs these are
	metrics *metrics
	now     func() time.Time
	exact   *announcer // nil where records are stored at least once

	mu       sync.Mutex
	owned    map[topicPartition]*partition
	order    []*partition // with records that wait, by their age
	retries  []*delivery
	offered  []*delivery                   // that are read again
	siblings map[topicPartition]*partition // that those are of
	underway int                           // batches handed out
	bytes    int64                         // of all records that are held
	changed  chan struct{}
	closed   bool
}

func newReader(c *Config, stream string, m *metrics) *reader {
	return &reader{
		limit: c.maxBuffered, stream: stream, metrics: m, now: time.Now,
		owned: map[topicPartition]*partition{}, siblings: map[topicPartition]*partition{}, changed: make(chan struct{}),
	}
}

// wake tells everybody who waits to look again. The caller holds the lock.
func (r *reader) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// memory is how many bytes may be under way.
func (r *reader) memory() int64 {
	if r.limit > 0 {
		return r.limit
	}
	if limit := inflight.Share(r.stream); limit > 0 {
		return limit
	}
	return defaultBuffered
}

// own takes note of a partition that was assigned.
func (r *reader) own(tp topicPartition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.owned[tp]; !ok {
		r.owned[tp] = newPartition(tp)
	}
}

// add takes a fetch of one partition. Records of partitions that are not owned
// are dropped: whoever owns them reads them.
func (r *reader) add(topic string, id [16]byte, f kgo.FetchPartition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.owned[topicPartition{topic, f.Partition}]
	if p == nil || p.leaving || len(f.Records) == 0 {
		return
	}
	if len(p.waiting) == 0 {
		p.since = r.now()
		r.order = append(r.order, p)
	}
	for _, record := range f.Records {
		p.bytes += cost(record)
		r.bytes += charge(record)
	}
	p.waiting = append(p.waiting, f.Records...)
	p.highWater, p.topicID = f.HighWatermark, id
	p.reached(f.Records[0].Offset, f.HighWatermark)
	r.wake()
}

// charge is what a record counts against the memory.
func charge(r *kgo.Record) int64 { return cost(r) + inflight.RecordOverhead }

// full reports whether there is no memory for another fetch. The caller holds
// the lock.
func (r *reader) full() bool {
	limit := r.memory()
	return r.bytes > 0 && r.bytes >= limit-limit/reserve
}

// relief is how long nothing may change, while there is no room, until the
// outputs are asked to make some.
const relief = 200 * time.Millisecond

// room waits until there is memory for another fetch.
func (r *reader) room(ctx context.Context) error {
	for {
		r.mu.Lock()
		full, changed := r.full(), r.changed
		if full {
			r.wake() // batches need not grow any more
			changed = r.changed
		}
		r.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-changed:
		case <-time.After(relief):
			inflight.Relieve(r.stream)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// errClosed is the end of those who wait for a batch.
var errClosed = errors.New("the Kafka client is closed")

// next returns the next batch, waiting for one.
func (r *reader) next(ctx context.Context) (*delivery, error) {
	for {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return nil, errClosed
		}
		d, again := r.choose(r.now())
		changed := r.changed
		r.mu.Unlock()
		if d != nil {
			return d, nil
		}
		timer := time.NewTimer(again)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}

// choose takes the batch to hand out, or says when to look again. The caller
// holds the lock.
func (r *reader) choose(now time.Time) (*delivery, time.Duration) {
	again := lastGrowth
	if len(r.offered) > 0 {
		d := r.offered[0]
		r.offered = r.offered[1:]
		r.underway++
		d.part.handed++
		r.wake()
		return d, 0
	}
	if r.taken() {
		return nil, again
	}
	for i, d := range r.retries {
		if wait := d.due.Sub(now); wait > 0 {
			again = min(again, wait)
			continue
		}
		r.retries = append(r.retries[:i], r.retries[i+1:]...)
		r.underway++
		d.part.handed++
		return d, 0
	}
	most := min(max(r.memory()/shares, leastBatch), mostBatch)
	growth := r.growth()
	for i, p := range r.order {
		wait := p.since.Add(growth).Sub(now)
		if p.bytes < most && wait > 0 {
			// Those behind it are younger, but may be larger.
			again = min(again, wait)
			continue
		}
		return r.handOut(i, most, now), 0
	}
	return nil, again
}

// growth is how long records wait for more of their partition: the longer, the
// more batches are under way. Without room for more they wait for nothing.
func (r *reader) growth() time.Duration {
	slots := inflight.Slots(r.stream)
	if r.underway <= slots/easy || r.full() {
		return 0
	}
	return min(firstGrowth<<min((r.underway-slots/easy)*doubling/slots, 20), lastGrowth)
}

// taken reports whether all slots are taken that may be.
func (r *reader) taken() bool {
	slots := inflight.Slots(r.stream)
	return r.underway >= max(slots-slots/spare, 1)
}

// handOut makes a batch of the partition at place i of the order. The caller
// holds the lock.
func (r *reader) handOut(i int, most int64, now time.Time) *delivery {
	p := r.order[i]
	records, bytes := p.take(most)
	r.order = append(r.order[:i], r.order[i+1:]...)
	if len(p.waiting) > 0 {
		p.since = now
		r.order = append(r.order, p)
	}
	r.underway++
	p.handed++
	r.bytes += inflight.BatchOverhead
	d := p.deliver(records, bytes+int64(len(records))*inflight.RecordOverhead+inflight.BatchOverhead)
	r.ticketed(d)
	return d
}

// settle ends a delivery: stored, or to be handed out again while the partition
// is still owned. Once it is not, what an output says about its records is of no
// account.
func (r *reader) settle(d *delivery, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wake()
	r.underway--
	d.part.handed--
	if d.ticket != nil && r.settleTicket(d, err) {
		return
	}
	switch {
	case d.part.lease.Err() != nil:
		r.metrics.withdrawn.Incr(int64(len(d.records)))
	case err == nil:
		d.part.offsets.finish(d.span)
	case !d.part.leaving:
		r.again(d, err)
		return
	default: // somebody else reads it again
		r.metrics.withdrawn.Incr(int64(len(d.records)))
	}
	r.bytes -= d.bytes
}

// again schedules a delivery once more. The caller holds the lock.
func (r *reader) again(d *delivery, err error) {
	var partial *service.BatchError
	if errors.As(err, &partial) {
		d.stored(partial)
	}
	d.due = r.now().Add(min(firstRetry<<min(d.tries, 10), lastRetry))
	d.tries++
	r.retries = append(r.retries, d)
	r.metrics.redelivered.Incr(int64(len(d.records)))
}

// close turns everybody away.
func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, p := range r.siblings {
		p.revoke(errRevoked)
	}
	r.wake()
}
