package partition

import (
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/record"
)

// FromMessage returns the record that a message carries: see [Read].
func FromMessage(m *service.Message) (record.Record, error) {
	var rec record.Record
	err := Read(m, &rec)
	return rec, err
}

// Read writes the record that a message carries to rec, which must be empty, and
// leaves it so if it fails. A message that has bytes stays bytes, even when something
// has parsed it in passing: parsing it would keep several times its size in memory
// until it is acknowledged. The record refers to the message and is valid as long as
// the message is.
func Read(m *service.Message, rec *record.Record) error {
	if !m.HasBytes() && m.HasStructured() {
		value, err := m.AsStructured()
		if err != nil {
			return fmt.Errorf("reading message: %w", err)
		}
		rec.Value, rec.Meta = value, m
		return nil
	}
	raw, err := m.AsBytes()
	if err != nil {
		return fmt.Errorf("reading message: %w", err)
	}
	if raw == nil {
		raw = []byte{} // nil would announce a parsed value
	}
	rec.Raw, rec.Meta = raw, m
	return nil
}
