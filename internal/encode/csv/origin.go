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

// reserve makes the source columns the first of an empty table. They stay when
// rows are taken back.
func (t *table) reserve() {
	for i := range t.source.columns.Len() {
		id := t.names.id([]byte(t.source.columns.Name(i)), t.separator)
		_ = t.addColumn(id) // there is room for the first ones
		t.columns[i].firstRow = none
	}
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
		case source.Text, source.Document:
			dst = appendText(dst, v.Bytes, t.separator)
		case source.Number:
			dst = strconv.AppendInt(dst, v.Int, 10)
		case source.Time:
			dst = source.AppendTime(dst, v.Int)
		}
	}
	return dst
}
