package config

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Read writes the record of a message, with what the output adds to it, to rec, which
// must be empty.
func (c *Config) Read(m *service.Message, rec *record.Record) error {
	if err := partition.Read(m, rec); err != nil {
		return err //nolint:wrapcheck // says what was read
	}
	c.Complete(rec)
	return nil
}

// Complete adds what the output adds to a record.
func (c *Config) Complete(rec *record.Record) {
	if c.Columns != nil {
		rec.Added = c.Columns.Size(rec.Meta)
	}
}

// Payload is the memory that the records of a batch take, in bytes.
func (c *Config) Payload(batch service.MessageBatch) int64 {
	n := int64(0)
	for _, m := range batch {
		var rec record.Record
		if err := c.Read(m, &rec); err == nil {
			n += int64(rec.Footprint())
		}
	}
	return n
}
