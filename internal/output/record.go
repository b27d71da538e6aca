package output

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
)

// record returns the record of a message, and what the source columns add to
// it.
func (o *Output) record(m *service.Message) (record.Record, error) {
	rec, err := partition.FromMessage(m)
	if err == nil && o.conf.Columns != nil {
		rec.Added = o.conf.Columns.Size(rec.Meta)
	}
	return rec, err
}

// describe returns the ranges of offsets of an object, and warns when there
// are none although columns were asked for.
func (o *Output) describe(records []record.Record) map[string]string {
	ranges := o.conf.Trust.Describe(records)
	if ranges == nil && o.conf.Columns != nil {
		o.metrics.Sourceless()
	}
	return ranges
}
