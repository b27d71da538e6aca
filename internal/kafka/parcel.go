package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/source"
)

// parcel is a delivery as one message: the records stay what the client made of
// them, and have metadata for those who ask. A message for each record, with its
// metadata, costs more than reading the record from Kafka. It is immutable but for
// what says so, and safe for concurrent use.
type parcel struct {
	of          *source.Batch
	records     []*kgo.Record
	highWater   int64
	multiHeader bool
	metadata    []metadata // of each record
	topic       any        // of all of them
	cover       []byte     // the payload of the message
	taken       atomic.Bool
}

// whole makes a parcel of a delivery, and the message that carries it.
func (d *delivery) whole(multiHeader bool) (*parcel, *service.Message) {
	ctx := d.context()
	p := &parcel{of: d.source(ctx), records: d.records, highWater: d.highWater, multiHeader: multiHeader, topic: d.part.topic}
	p.metadata = make([]metadata, len(p.records))
	for i, r := range p.records {
		p.metadata[i] = metadata{p, r}
	}
	p.cover = fmt.Appendf(nil, "%d records of %s/%d, for the output s3_destination alone", len(p.records), d.part.topic, d.part.id)
	m := service.NewMessageWithContext(inflight.WithParcel(ctx, p), p.cover)
	return p, m.WithCollapsedCount(len(p.records)) // so that Benthos counts records
}

// Take notes that the output has the records, if m is the message as it was made.
func (p *parcel) Take(m *service.Message) bool {
	if !m.HasBytes() || m.GetError() != nil {
		return false
	}
	text, err := m.AsBytes()
	same := err == nil && len(text) == len(p.cover) && &text[0] == &p.cover[0]
	_ = m.MetaWalkMut(func(string, any) error {
		same = false
		return nil
	})
	if same {
		p.taken.Store(true)
	}
	return same
}

// Len is the number of records.
func (p *parcel) Len() int { return len(p.records) }

// Record is the i-th record.
func (p *parcel) Record(i int) record.Record {
	raw := p.records[i].Value
	if raw == nil {
		raw = []byte{} // nil would announce a parsed value
	}
	return record.Record{Raw: raw, Meta: &p.metadata[i]}
}

// Offset is that of the i-th record.
func (p *parcel) Offset(i int) int64 { return p.records[i].Offset }

// Messages makes the messages that the records would have been. It keeps none.
func (p *parcel) Messages() service.MessageBatch {
	return messages(p.of, p.records, p.highWater, p.multiHeader)
}

// metadata is that of one record: what its message would have. It implements
// record.Metadata, and the methods of messages by which others know their metadata.
type metadata struct {
	parcel *parcel
	record *kgo.Record
}

// MetaGetMut returns the value of a name.
func (m *metadata) MetaGetMut(name string) (any, bool) {
	if name == record.KafkaTopic {
		return m.parcel.topic, true
	}
	if value, ok := own(m.record, name, m.parcel.highWater); ok {
		return value, true
	}
	if len(m.record.Headers) == 0 {
		return nil, false
	}
	var found any
	headers(m.record.Headers, m.parcel.multiHeader, func(header string, value any) {
		if header == name {
			found = value
		}
	})
	return found, found != nil
}

// MetaWalkMut calls fn for each name, until it fails.
func (m *metadata) MetaWalkMut(fn func(name string, value any) error) error {
	all := map[string]any{}
	headers(m.record.Headers, m.parcel.multiHeader, func(name string, value any) { all[name] = value })
	for _, name := range ownNames {
		all[name], _ = own(m.record, name, m.parcel.highWater)
	}
	for name, value := range all {
		if err := fn(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Origin says where the record comes from.
func (m *metadata) Origin() (of *source.Batch, offset int64) { return m.parcel.of, m.record.Offset }

// Headers is how many headers the record has.
func (m *metadata) Headers() int { return len(m.record.Headers) }

// Header is the i-th. Without multi_header, the last one of a name counts.
func (m *metadata) Header(i int) (h source.Header, ok bool) {
	all, multi := m.record.Headers, m.parcel.multiHeader
	if !multi {
		for _, later := range all[i+1:] {
			if later.Key == all[i].Key {
				return source.Header{}, false
			}
		}
	}
	return source.Header{Name: all[i].Key, Value: scalar.Text(all[i].Value), Listed: multi}, true
}

// errNotTaken is why records are handed over again, each as a message.
var errNotTaken = errors.New("a batch of s3_destination_kafka did not reach s3_destination as it was")

// handWhole hands a delivery over as a parcel. Should the output not have got it,
// nothing is stored, whatever is acknowledged: then there are no more parcels.
func (in *Input) handWhole(s *session, d *delivery) (service.MessageBatch, service.AckFunc, error) {
	p, m := d.whole(in.conf.multiHeader)
	in.metrics.received.Incr(int64(p.Len()) - 1) // Benthos counts one
	return service.MessageBatch{m}, func(_ context.Context, err error) error {
		if !p.taken.Load() && d.part.lease.Err() == nil {
			err = in.giveUpParcels(err)
		}
		s.reader.settle(d, err)
		return nil
	}, nil
}

// giveUpParcels has every batch handed over as messages from now on, and says so
// once. It returns why the records of a batch come again.
func (in *Input) giveUpParcels(reason error) error {
	err := errNotTaken
	if reason != nil {
		err = fmt.Errorf("%w: %w", errNotTaken, reason)
	}
	if in.whole.CompareAndSwap(true, false) {
		in.log.Warnf("Each record is a message from now on, until a restart, which takes more CPU: %v. Nothing is lost: the records of that batch come again.", err)
	}
	return err
}
