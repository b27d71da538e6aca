package kafka

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/source"
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
	first     int64         // offset of the first record; -1 before
	end       int64         // where the partition ends, as far as is known
	handed    int           // deliveries that are not settled
	leaving   bool          // being revoked: hands out nothing more
}

// topicPartition names a partition.
type topicPartition struct {
	topic string
	id    int32
}

func newPartition(tp topicPartition) *partition {
	p := &partition{topicPartition: tp, offsets: offsets{committed: -1}, first: -1}
	p.lease, p.revoke = context.WithCancelCause(context.Background())
	return p
}

// reached notes a fetch that begins at an offset, and the end that it tells.
func (p *partition) reached(offset, end int64) {
	if p.first < 0 {
		p.first = offset
	}
	p.end = max(p.end, end)
}

// lag is the number of offsets that are not stored, as far as is known.
func (p *partition) lag() int64 {
	switch {
	case p.offsets.known:
		return max(p.end-p.offsets.stored, 0)
	case p.first >= 0:
		return max(p.end-p.first, 0)
	default:
		return 0 // nothing of it was fetched yet
	}
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
	part      *partition
	span      *span
	ticket    *exactly.Ticket // of records that are stored exactly once
	records   []*kgo.Record
	highWater int64 // when they were fetched
	bytes     int64
	tries     int
	due       time.Time // when it may be handed out again
}

// deliver makes a batch of records of the partition.
func (p *partition) deliver(records []*kgo.Record, bytes int64) *delivery {
	last := records[len(records)-1]
	return &delivery{
		part:      p,
		span:      p.offsets.begin(last.Offset+1, last.LeaderEpoch),
		records:   records,
		highWater: p.highWater,
		bytes:     bytes,
	}
}

// context is that of all messages of a delivery: until when their records may be
// stored, and where their objects are announced.
func (d *delivery) context() context.Context {
	ctx := inflight.WithLease(context.Background(), d.part.lease)
	if d.ticket != nil {
		ctx = exactly.WithTicket(ctx, d.ticket)
	}
	return ctx
}

// source tells where the records come from.
func (d *delivery) source(ctx context.Context) *source.Batch {
	return source.NewBatch(ctx, d.part.topic, d.part.id, d.records[0].Offset, d.records[len(d.records)-1].Offset)
}

// messages makes the messages of a delivery, new ones each time: whoever had
// them before may have changed them.
func (d *delivery) messages(multiHeader bool) service.MessageBatch {
	return messages(d.source(d.context()), d.records, d.highWater, multiHeader)
}

// messages makes a message of each record.
func messages(of *source.Batch, records []*kgo.Record, highWater int64, multiHeader bool) service.MessageBatch {
	batch := make(service.MessageBatch, len(records))
	for i, r := range records {
		batch[i] = message(of, r, highWater, multiHeader)
	}
	return batch
}

// stored narrows a delivery down to the records that may not be stored: all but
// those of which err says that nothing has failed. Of records that it does not
// mention nothing is known: processors may have made one message of several.
func (d *delivery) stored(err *service.BatchError) {
	if err.IndexedErrors() == 0 {
		return // all of them failed
	}
	const stored, failed = 1, 2
	fate := make([]uint8, len(d.records))
	err.WalkMessages(func(_ int, m *service.Message, err error) bool { //nolint:staticcheck // indexes are not used, messages know their place
		i, ok := d.find(m)
		switch {
		case !ok:
		case err != nil:
			fate[i] = failed
		case fate[i] == 0:
			fate[i] = stored
		}
		return true
	})
	var left []*kgo.Record
	for i, r := range d.records {
		if fate[i] != stored {
			left = append(left, r)
		}
	}
	if len(left) > 0 {
		d.records = left
	}
}

// find returns the place of the record that a message was made of. Where that is
// not certain nothing is known of the record, and it comes again.
func (d *delivery) find(m *service.Message) (i int, ok bool) {
	c, ok := source.Certain(m)
	if !ok || c.Topic != d.part.topic || c.Partition != d.part.id {
		return 0, false
	}
	return slices.BinarySearchFunc(d.records, c.Offset, func(r *kgo.Record, offset int64) int {
		return cmp.Compare(r.Offset, offset)
	})
}
