package csv

import (
	"errors"
	"io"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/source"
)

// maxColumns is how wide a table may become, the limit of spreadsheets. It
// bounds what records with ever new field names can cost: the rows before
// them grow by a separator for each.
const maxColumns = 16384

var errTooManyColumns = errors.New("expected at most 16384 fields, the most columns a CSV object may have")

// column is a column of the current table.
type column struct {
	name     int32 // index into table.names
	firstRow int32 // the row that brought it in
}

// row describes the text of one row in the blocks, without line end.
type row struct {
	size    uint32
	columns uint16 // of the table when the row was written
}

// table holds rows as finished text. A row that was written before a column
// came in lacks a separator for it; those are added on the way out, so no row
// is ever written twice.
type table struct {
	separator byte
	header    bool
	names     names
	source    *origin // nil without source columns
	cursor    jsonscan.Cursor
	cells     []cell   // of the record being read, by name
	record    uint64   // its number; older cells are stale
	disorder  int      // records for which the order of fields is not trusted
	columns   []column // in order of appearance
	rows      []row
	blocks    [][]byte // texts of rows, none straddles two
	spare     [][]byte

	headerSize int64 // names and separators, without line end
	textSize   int64
	separators int64 // in the texts
	blank      int64 // rows without any text

	escape []byte // an unescaped string on its way into a row
	arena  []byte // texts of parsed values of the record being read
	line   []byte
}

const (
	blockSize = 1 << 20
	// maxSpare is how many blocks are kept for the next object.
	maxSpare = 64
)

func newTable(separator byte, header bool, columns *source.Columns) *table {
	t := &table{separator: separator, header: header}
	t.names.reset()
	if columns != nil {
		t.source = newOrigin(columns)
		t.reserve()
	}
	return t
}

// reset empties the table. Field names stay known, their columns do not.
func (t *table) reset() {
	t.truncateColumns(0)
	if t.names.tooMany() {
		t.names.reset()
		t.cells, t.record = nil, 0
	}
	if t.source != nil {
		t.reserve()
	}
	t.rows = t.rows[:0]
	t.release()
	t.textSize, t.separators, t.blank = 0, 0, 0
}

// release gives the memory of the rows back, except for what the next object
// is likely to need.
func (t *table) release() {
	for _, b := range t.blocks {
		if len(t.spare) < maxSpare && cap(b) == blockSize {
			t.spare = append(t.spare, b[:0])
		}
	}
	clear(t.blocks)
	t.blocks = t.blocks[:0]
	const large = blockSize
	if cap(t.arena) > large {
		t.arena = nil
	}
	if cap(t.escape) > large {
		t.escape = nil
	}
	if cap(t.rows) > 1<<20 {
		t.rows = nil
	}
	// Cells of the last record must not keep its document alive.
	clear(t.cells)
	t.cursor.Reset(nil)
}

func (t *table) rowCount() int    { return len(t.rows) }
func (t *table) columnCount() int { return len(t.columns) }

// empty reports whether there is nothing to write.
func (t *table) empty() bool { return len(t.columns) == 0 || len(t.rows) == 0 }

// size is the exact size of the table as text.
func (t *table) size() int64 {
	width := int64(len(t.columns))
	if width == 0 {
		return 0
	}
	rows := int64(len(t.rows))
	size := t.textSize + rows // line ends
	size += rows*(width-1) - t.separators
	if width == 1 {
		size += 2 * t.blank
	}
	if t.header {
		size += t.headerSize + 1
	}
	return size
}

// addColumn makes the known name id a column.
func (t *table) addColumn(id int32) error {
	if len(t.columns) >= maxColumns {
		return errTooManyColumns
	}
	n := &t.names.all[id]
	n.column = int32(len(t.columns))
	if len(t.columns) > 0 {
		t.headerSize++
	}
	t.headerSize += int64(len(n.cell))
	t.columns = append(t.columns, column{name: id, firstRow: int32(len(t.rows))})
	return nil
}

func (t *table) truncateColumns(n int) {
	for i := len(t.columns) - 1; i >= n; i-- {
		name := &t.names.all[t.columns[i].name]
		name.column = none
		t.headerSize -= int64(len(name.cell))
		if i > 0 {
			t.headerSize--
		}
	}
	t.columns = t.columns[:n]
}

// truncate drops the rows from n on, and the columns that only they brought.
func (t *table) truncate(n int) {
	for len(t.rows) > n {
		last := t.rows[len(t.rows)-1]
		t.rows = t.rows[:len(t.rows)-1]
		t.count(last, -1)
		b := len(t.blocks) - 1
		for len(t.blocks[b]) == 0 && last.size > 0 {
			t.blocks = t.blocks[:b]
			b--
		}
		t.blocks[b] = t.blocks[b][:len(t.blocks[b])-int(last.size)]
	}
	width := len(t.columns)
	for width > 0 && int(t.columns[width-1].firstRow) >= n {
		width--
	}
	t.truncateColumns(width)
}

// count adds a row to the sums, or takes it away.
func (t *table) count(r row, sign int64) {
	t.textSize += sign * int64(r.size)
	t.separators += sign * int64(max(int(r.columns)-1, 0))
	if r.size == 0 {
		t.blank += sign
	}
}

// appendHeader appends the line of names.
func (t *table) appendHeader(dst []byte) []byte {
	for i, c := range t.columns {
		if i > 0 {
			dst = append(dst, t.separator)
		}
		dst = append(dst, t.names.all[c.name].cell...)
	}
	return append(dst, '\n')
}

// appendEnd appends what the text of a row lacks: separators for the columns
// that came later, and the line end.
func (t *table) appendEnd(dst []byte, r row) []byte {
	if r.size == 0 && len(t.columns) == 1 {
		dst = append(dst, '"', '"')
	}
	for range len(t.columns) - max(int(r.columns), 1) {
		dst = append(dst, t.separator)
	}
	return append(dst, '\n')
}

// cursor walks over the texts of the rows.
type cursor struct {
	row, block, offset int
}

// next returns the text of the row at the cursor and moves on.
func (t *table) next(c *cursor) []byte {
	size := int(t.rows[c.row].size)
	for c.offset == len(t.blocks[c.block]) && size > 0 {
		c.block, c.offset = c.block+1, 0
	}
	text := t.blocks[c.block][c.offset : c.offset+size]
	c.row++
	c.offset += size
	return text
}

// writeTo writes the whole table as text.
func (t *table) writeTo(w io.Writer) (int64, error) {
	line, written := t.line[:0], int64(0)
	if t.header {
		line = t.appendHeader(line)
	}
	for c := (cursor{}); c.row < len(t.rows); {
		line = t.appendLine(line, &c)
		if len(line) >= flushSize {
			n, err := w.Write(line)
			written += int64(n)
			if err != nil {
				return written, err
			}
			line = line[:0]
		}
	}
	n, err := w.Write(line)
	if cap(line) <= blockSize {
		t.line = line[:0]
	}
	return written + int64(n), err
}

const flushSize = 64 << 10

// appendLine appends the whole line of the row at the cursor and moves on.
func (t *table) appendLine(dst []byte, c *cursor) []byte {
	r := t.rows[c.row]
	dst = append(dst, t.next(c)...)
	return t.appendEnd(dst, r)
}

// lastGrowth returns the row that brought in the newest column; the first one
// when no row did.
func (t *table) lastGrowth() int {
	return max(0, int(t.columns[len(t.columns)-1].firstRow))
}

// last returns a cursor at the last row.
func (t *table) last() cursor {
	r, b := len(t.rows)-1, len(t.blocks)-1
	size := int(t.rows[r].size)
	return cursor{row: r, block: b, offset: len(t.blocks[b]) - size}
}
