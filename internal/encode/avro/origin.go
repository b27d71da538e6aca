package avro

import "github.com/s3-destination/s3-destination/internal/source"

// sourceValue writes the value of a source column.
func (w *writer) sourceValue(n *node) {
	switch v := &w.origin[n.source-1]; v.Kind {
	case source.Null:
		w.buf = append(w.buf, 0)
	case source.Text, source.Document:
		w.text(n, v.Bytes)
	case source.Number:
		w.int(n, v.Int)
	case source.Time:
		w.int(n, v.Int*1000) // microseconds
	}
}
