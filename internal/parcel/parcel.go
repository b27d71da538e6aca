// Package parcel is a batch as an output of ours gets it: as messages, or as one
// message that stands for all records of the batch, where nothing between the input
// and the output looks at records.
package parcel

import (
	"errors"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Parcel is the records of a batch that an input of ours has handed over as one
// message. Only one call uses it.
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

// errChanged is why a batch is given back to the input, which sends its records one
// by one from then on.
var errChanged = errors.New("something between s3_destination_kafka and s3_destination has changed a batch that was for the output alone")

// Batch is what a call brings. It is not safe for concurrent use.
type Batch struct {
	// Carriers are the messages as Benthos has handed them over, with their contexts.
	// Where there is a parcel, that is one message, which is no record.
	Carriers service.MessageBatch
	// Parcel has the records; nil where the carriers are the records.
	Parcel Parcel

	made service.MessageBatch // messages of the parcel; nil while nobody needs them
}

// Open returns what a batch has, and takes its parcel if it is one. It fails if
// somebody has changed a parcel on the way.
func Open(batch service.MessageBatch) (*Batch, error) {
	b := &Batch{Carriers: batch}
	if !inflight.Packed() {
		return b, nil
	}
	for _, m := range batch {
		carried := inflight.ParcelOf(m.Context())
		if carried == nil {
			continue
		}
		p, ok := carried.(Parcel)
		if !ok || len(batch) > 1 || !p.Take(m) {
			return nil, errChanged
		}
		b.Parcel = p
	}
	return b, nil
}

// Len is the number of records.
func (b *Batch) Len() int {
	if b.Parcel != nil {
		return b.Parcel.Len()
	}
	return len(b.Carriers)
}

// Meta is the metadata of the i-th record.
func (b *Batch) Meta(i int) record.Metadata {
	if b.Parcel != nil {
		return b.Parcel.Record(i).Meta
	}
	return b.Carriers[i]
}

// Messages are those of the records, made now if there are none.
func (b *Batch) Messages() service.MessageBatch {
	if b.Parcel == nil {
		return b.Carriers
	}
	if b.made == nil {
		b.made = b.Parcel.Messages()
	}
	return b.made
}

// Forget lets go of messages that were made of a parcel: a call waits long for its
// objects. They are made again when they are asked for.
func (b *Batch) Forget() { b.made = nil }
