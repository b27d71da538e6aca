package config

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Record returns the record of a message, and what the source columns add to it.
func (c *Config) Record(m *service.Message) (record.Record, error) {
	rec, err := partition.FromMessage(m)
	if err != nil {
		return rec, err
	}
	return c.Complete(rec), nil
}

// Complete returns a record with what the output adds to it.
func (c *Config) Complete(rec record.Record) record.Record {
	if c.Columns != nil {
		rec.Added = c.Columns.Size(rec.Meta)
	}
	return rec
}

// Payload is the memory that the records of a batch take, in bytes.
func (c *Config) Payload(batch service.MessageBatch) int64 {
	n := int64(0)
	for _, m := range batch {
		if rec, err := c.Record(m); err == nil {
			n += int64(rec.Footprint())
		}
	}
	return n
}
