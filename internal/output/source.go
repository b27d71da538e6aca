package output

import (
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// columns reads which source columns records get.
func (r *reader) columns() *source.Columns {
	names := read(r, r.conf.FieldStringList, []string{fieldSourceColumns})
	prefix := r.str(fieldSourcePrefix)
	c, err := source.NewColumns(names, prefix)
	if err != nil {
		r.fail(fmt.Errorf("reading %s: %w", fieldSourceColumns, err))
	}
	if len(names) == 0 && prefix != source.DefaultPrefix {
		r.warn(fieldSourcePrefix + " has no effect without " + fieldSourceColumns)
	}
	return c.Trusting(r.trust())
}

// trust reads whose word about the source of records is taken.
func (r *reader) trust() source.Trust {
	t, err := source.ParseTrust(r.enum(fieldSourceTrust))
	if err != nil {
		r.fail(fmt.Errorf("reading %s: %w", fieldSourceTrust, err))
	}
	return t
}

// record returns the record of a message, and what the source columns add to
// it.
func (o *Output) record(m *service.Message) (record.Record, error) {
	rec, err := partition.FromMessage(m)
	if err == nil && o.conf.columns != nil {
		rec.Added = o.conf.columns.Size(rec.Meta)
	}
	return rec, err
}

// describe returns the ranges of offsets of an object, and warns when there
// are none although columns were asked for.
func (o *Output) describe(records []record.Record) map[string]string {
	ranges := o.conf.trust.Describe(records)
	if ranges == nil && o.conf.columns != nil && o.sourceless.due() {
		o.log.Warn(fieldSourceColumns + " is set, and records have no metadata kafka_topic, kafka_partition and kafka_offset that can be trusted: " +
			"the columns are null. The inputs for Kafka set it, and a processor may have removed it, or turned its numbers into text.")
	}
	return ranges
}
