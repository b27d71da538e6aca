package direct

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/resend"
)

// brought is the batch of a call, with what is known of its records.
type brought struct {
	*parcel.Batch

	conf    *config.Config
	records []record.Record // of the parcel, from payload until all have a place
	half    *resend.Batch   // what is stored of it; nil for nothing
	held    *inflight.Leases
	ticket  *exactly.Ticket // of records that are stored exactly once; nil for others
}

// read are the messages, as far as the names of objects are made of them.
func (b *brought) read(by *partition.Assigner) service.MessageBatch {
	if by.ReadsMessages() {
		return b.Messages()
	}
	return nil
}

// payload is the memory that the records take, in bytes. It comes before write.
func (b *brought) payload() int64 {
	if b.Parcel == nil {
		return b.conf.Payload(b.Carriers)
	}
	n := int64(0)
	b.records = make([]record.Record, b.Len())
	for i := range b.records {
		rec := &b.records[i]
		*rec = b.Parcel.Record(i)
		b.conf.Complete(rec)
		n += int64(rec.Footprint())
	}
	return n
}

// done reports whether nothing is to be done with the i-th record: it is stored, or
// must not be. Of a parcel that must not be stored none comes here.
func (b *brought) done(i int) bool {
	return b.Parcel == nil && (b.half.Done(i) || b.held.Over(i))
}

// offset is that of the i-th record, -1 where it goes with another ticket or none.
func (b *brought) offset(i int) int64 {
	if b.Parcel != nil {
		return b.Parcel.Offset(i)
	}
	return offsetOf(b.Carriers[i], b.ticket)
}

// placed lets go of what only write and read need.
func (b *brought) placed() {
	b.records = nil
	b.Forget()
}

// write writes the i-th record to rec, which is empty.
func (b *brought) write(i int, rec *record.Record) error {
	if b.Parcel != nil {
		*rec = b.records[i]
		return nil
	}
	return b.conf.Read(b.Carriers[i], rec)
}
