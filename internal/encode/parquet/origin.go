package parquet

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// writeSource fills the source columns of the row that was just written. A
// column without a value is null: it is filled up like any other.
func (w *writer) writeSource(meta record.Metadata) error {
	for i, v := range w.source.Read(meta) {
		n := w.sources[i]
		if len(v.Bytes) > maxRecord {
			return fmt.Errorf("the column %q has %d bytes; a page holds at most %d", n.path, len(v.Bytes), maxRecord)
		}
		if v.Kind == source.Null {
			continue
		}
		n.column.begin(w.row)
		switch v.Kind {
		case source.Text, source.Document:
			n.column.addBytes(0, v.Bytes)
		case source.Number:
			n.column.addInt(0, v.Int)
		case source.Time:
			n.column.addInt(0, v.Int*1000) // microseconds
		case source.Null:
		}
	}
	return nil
}
