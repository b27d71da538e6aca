package csv

import (
	"strconv"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// origin fills the source columns. They are the first columns of every table,
// and their names have the first numbers.
type origin struct {
	columns *source.Columns
	reader  *source.Reader
}

func newOrigin(c *source.Columns) *origin { return &origin{columns: c, reader: c.NewReader()} }

// reserved is the number of source columns.
func (t *table) reserved() int {
	if t.source == nil {
		return 0
	}
	return t.source.columns.Len()
}

// appendSource appends the cells of the source columns.
func (t *table) appendSource(dst []byte, meta record.Metadata) []byte {
	s := t.source
	for i, v := range s.reader.Read(meta) {
		if i > 0 {
			dst = append(dst, t.separator)
		}
		switch v.Kind {
		case source.Null:
			dst = append(dst, t.null...)
		case source.Text, source.Document:
			dst = t.appendString(dst, v.Bytes)
		case source.Number:
			dst = t.appendLiteral(dst, strconv.AppendInt(t.number[:0], v.Int, 10))
		case source.Time:
			dst = t.appendLiteral(dst, source.AppendTime(t.number[:0], v.Int))
		}
	}
	return dst
}
