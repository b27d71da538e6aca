package rows

import (
	"errors"
	"fmt"
	"io"

	"github.com/twmb/avro/ocf"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// largestBlock is more than the blocks of any writer have: a length beyond is damage.
const largestBlock = 256 << 20

// avro reads an object container file, a block at a time.
func (r *reader) avro(in io.Reader) error {
	file, err := ocf.NewReader(in, ocf.WithMaxBlockBytes(largestBlock))
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	defer func() { _ = file.Close() }()
	fields, err := schema.ParseAvroFile(file.Metadata()["avro.schema"])
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	for {
		var record any
		err := file.Decode(&record)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a block: %w", err)
		}
		values, ok := record.(map[string]any)
		if !ok {
			return fmt.Errorf("a record is a %T", record)
		}
		r.line = appendRecord(r.line[:0], fields, values)
		if err := r.hand(r.line); err != nil {
			return err
		}
	}
}
