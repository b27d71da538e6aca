package kafka

import (
	"context"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

// partition is one Kafka partition from its assignment to its revocation. It is
// guarded by the reader's lock.
type partition struct {
	topicPartition

	// lease ends when the partition is revoked or lost: its records may not be
	// stored any more.
	lease  context.Context //nolint:containedctx // is what the type is about
	revoke context.CancelCauseFunc

	topicID   [16]byte // of the latest fetch; a topic that is made again has another
	offsets   offsets
	waiting   []*kgo.Record // read and not yet handed out
	bytes     int64         // of waiting
	since     time.Time     // when the first of waiting came
	highWater int64         // of the latest fetch
	handed    int           // deliveries that are not settled
	leaving   bool          // being revoked: hands out nothing more
}

// topicPartition names a partition.
type topicPartition struct {
	topic string
	id    int32
}

func newPartition(tp topicPartition) *partition {
	p := &partition{topicPartition: tp, offsets: offsets{committed: -1}}
	p.lease, p.revoke = context.WithCancelCause(context.Background())
	return p
}

// take cuts the first records off, up to about most bytes and at least one.
func (p *partition) take(most int64) (records []*kgo.Record, bytes int64) {
	n := 0
	for n < len(p.waiting) && (n == 0 || bytes < most) {
		bytes += cost(p.waiting[n])
		n++
	}
	records, p.waiting = p.waiting[:n:n], p.waiting[n:]
	p.bytes -= bytes
	if len(p.waiting) == 0 {
		p.waiting = nil // lets go of what was handed out
	}
	return records, bytes
}

// drop forgets what was not handed out and returns its bytes and number.
func (p *partition) drop() (bytes int64, n int) {
	bytes, n = p.bytes, len(p.waiting)
	p.waiting, p.bytes = nil, 0
	return bytes, n
}

// delivery is a batch that was handed out, or is to be handed out again.
type delivery struct {
	part  *partition
	span  *span
	batch service.MessageBatch
	bytes int64
	tries int
	due   time.Time // when it may be handed out again
}

// deliver makes a batch of records of the partition.
func (p *partition) deliver(records []*kgo.Record, bytes int64, multiHeader bool) *delivery {
	last := records[len(records)-1]
	ctx := inflight.WithLease(context.Background(), p.lease)
	d := &delivery{
		part:  p,
		span:  p.offsets.begin(last.Offset+1, last.LeaderEpoch),
		batch: make(service.MessageBatch, len(records)),
		bytes: bytes,
	}
	for i, r := range records {
		d.batch[i] = message(ctx, r, p.highWater, multiHeader)
	}
	return d
}

// remaining narrows a delivery down to the messages that failed, as far as err
// says which.
func (d *delivery) remaining(indexed *service.Indexer, err *service.BatchError) {
	failed := make([]bool, len(d.batch))
	n := 0
	err.WalkMessagesIndexedBy(indexed, func(i int, _ *service.Message, err error) bool {
		if err != nil && i >= 0 && i < len(failed) && !failed[i] {
			failed[i] = true
			n++
		}
		return true
	})
	if n == 0 {
		return // it does not say: all of them
	}
	left := make(service.MessageBatch, 0, n)
	for i, m := range d.batch {
		if failed[i] {
			left = append(left, m)
		}
	}
	d.batch = left
}
