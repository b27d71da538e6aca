package partition

import (
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/record"
)

// FromMessage returns the record that a message carries. A message that has
// bytes stays bytes, even when something has parsed it in passing: parsing it
// would keep several times its size in memory until it is acknowledged. The
// record refers to the message and is valid as long as the message is.
func FromMessage(m *service.Message) (record.Record, error) {
	rec := record.Record{Meta: m}
	if !m.HasBytes() && m.HasStructured() {
		value, err := m.AsStructured()
		if err != nil {
			return record.Record{}, fmt.Errorf("reading message: %w", err)
		}
		rec.Value = value
		return rec, nil
	}
	raw, err := m.AsBytes()
	if err != nil {
		return record.Record{}, fmt.Errorf("reading message: %w", err)
	}
	if raw == nil {
		raw = []byte{} // nil would announce a parsed value
	}
	rec.Raw = raw
	return rec, nil
}
