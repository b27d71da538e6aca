package direct

import (
	"errors"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/resend"
)

// Parcel is a batch that an input of ours has handed over as one message, because
// nothing between it and the output looks at records.
type Parcel interface {
	// Take notes that the records are here. It reports whether the message is the one
	// that the input has made; what anybody has changed is not taken.
	Take(m *service.Message) bool
	// Len is the number of records.
	Len() int
	// Record is the i-th record.
	Record(i int) record.Record
	// Offset is that of the i-th record in its Kafka partition.
	Offset(i int) int64
	// Messages makes the messages that the records would have been.
	Messages() service.MessageBatch
}

// errOpened is why a batch is given back to the input, which sends its records one
// by one from then on.
var errOpened = errors.New("something between s3_destination_kafka and s3_destination has changed a batch that was for the output alone")

// ParcelOf returns the parcel that a batch is, nil where its messages are records.
func ParcelOf(batch service.MessageBatch) (Parcel, error) {
	if !inflight.Packed() {
		return nil, nil
	}
	for _, m := range batch {
		carried := inflight.ParcelOf(m.Context())
		if carried == nil {
			continue
		}
		p, ok := carried.(Parcel)
		if !ok || len(batch) > 1 || !p.Take(m) {
			return nil, errOpened
		}
		return p, nil
	}
	return nil, nil
}

// brought is what a call brings: messages, or a parcel.
type brought struct {
	conf    *config.Config
	batch   service.MessageBatch
	parcel  Parcel               // nil for messages
	records []record.Record      // of the parcel, from payload until all have a place
	opened  service.MessageBatch // messages of the parcel; nil while nobody needs them
	half    *resend.Batch        // what is stored of it; nil for nothing
	held    *inflight.Leases
	ticket  *exactly.Ticket // of records that are stored exactly once; nil for others
}

func (b *brought) len() int {
	if b.parcel != nil {
		return b.parcel.Len()
	}
	return len(b.batch)
}

// messages are those of the records, made now if there are none.
func (b *brought) messages() service.MessageBatch {
	if b.parcel == nil {
		return b.batch
	}
	if b.opened == nil {
		b.opened = b.parcel.Messages()
	}
	return b.opened
}

// read are the messages, as far as the names of objects are made of them.
func (b *brought) read(by *partition.Assigner) service.MessageBatch {
	if by.ReadsMessages() {
		return b.messages()
	}
	return nil
}

// payload is the memory that the records take, in bytes. It comes before record.
func (b *brought) payload() int64 {
	if b.parcel == nil {
		return b.conf.Payload(b.batch)
	}
	n := int64(0)
	b.records = make([]record.Record, b.parcel.Len())
	for i := range b.records {
		b.records[i] = b.conf.Complete(b.parcel.Record(i))
		n += int64(b.records[i].Footprint())
	}
	return n
}

// done reports whether nothing is to be done with the i-th record: it is stored, or
// must not be. Of a parcel that must not be stored none comes here.
func (b *brought) done(i int) bool {
	return b.parcel == nil && (b.half.Done(i) || b.held.Over(i))
}

// offset is that of the i-th record, -1 where it goes with another ticket or none.
func (b *brought) offset(i int) int64 {
	if b.parcel != nil {
		return b.parcel.Offset(i)
	}
	return offsetOf(b.batch[i], b.ticket)
}

// placed lets go of what only record and read need: a call waits long for its objects.
func (b *brought) placed() { b.records, b.opened = nil, nil }

// record is the i-th record.
func (b *brought) record(i int) (record.Record, error) {
	if b.parcel != nil {
		return b.records[i], nil
	}
	return b.conf.Record(b.batch[i])
}
