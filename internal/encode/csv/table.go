package csv

import (
	"io"
	"math"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// maxColumns is how wide a table may become: rows number their columns with 16
// bits.
const maxColumns = math.MaxUint16

// column is a column of the current table.
type column struct {
	name     int32 // index into table.names
	firstRow int32 // the row that brought it in; none for a column that was known
	header   string
	absent   string // the cell of a record without such a field
}

// row describes the text of one row in the blocks.
type row struct {
	size    uint32 // without the line end, which follows it there
	columns uint16 // of the table when the row was written
}

// table holds rows as finished lines, which go out as they are. A row that was
// written before a column came in lacks a separator for it; those are added on the way
// out.
type table struct {
	style
	header    bool
	collision schema.Collision
	without   map[string]bool // fields that get no column
	names     names
	source    *origin // nil without source columns
	known     *schema.Schema
	ready     int                 // how many columns a table begins with
	defaults  bool                // some of them have a default
	unknown   schema.UnknownField // what becomes of other fields
	left      int                 // how many columns may still be added
	taken     map[string]bool     // headers, in lower case
	folded    map[string]int32    // names of columns, by themselves in lower case
	halves    bool                // the record has escapes of half a character
	broken    bool                // a record since the last reset had
	aliases   []int32             // names that share the column of another one
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

func newTable(c *Config, r *schema.Registry) *table {
	t := &table{style: styleOf(c), header: c.Header, collision: r.Collision(), without: r.Without()}
	t.names.reset()
	if c.Columns != nil {
		t.source = newOrigin(c.Columns)
	}
	return t
}

// reset empties the table, which then has the columns of a schema. room is how
// many others it may get, if unknown fields are to be added.
func (t *table) reset(known *schema.Schema, unknown schema.UnknownField, room int) {
	if t.known == known && !t.names.tooMany() {
		t.truncateColumns(t.ready)
	} else {
		t.begin(known)
	}
	t.unknown, t.left = unknown, min(room, maxColumns-len(t.columns))
	t.rows, t.broken = t.rows[:0], false
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
	rows, end := int64(len(t.rows)), t.lineEnd()
	size := t.textSize + rows*end
	size += (rows*(width-1) - t.separators) * int64(1+len(t.null))
	switch {
	case len(t.null) > 0:
		size += int64(len(t.null)) * t.blank // rows from before there was a column
	case width == 1:
		size += 2 * t.blank
	}
	if t.header {
		size += t.headerSize + end
	}
	return size
}

// truncate drops the rows from n on, and the columns that only they brought.
func (t *table) truncate(n int) {
	for len(t.rows) > n {
		last := t.rows[len(t.rows)-1]
		t.rows = t.rows[:len(t.rows)-1]
		t.count(last, -1)
		b := len(t.blocks) - 1
		for len(t.blocks[b]) == 0 {
			t.blocks = t.blocks[:b]
			b--
		}
		t.blocks[b] = t.blocks[b][:len(t.blocks[b])-int(last.size)-int(t.lineEnd())]
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
		dst = t.appendString(dst, []byte(c.header))
	}
	return t.appendLineEnd(dst)
}

// complete reports whether all lines are in the blocks as they go out.
func (t *table) complete() bool {
	return t.separators == int64(len(t.rows))*int64(len(t.columns)-1) && t.blank == 0
}

// completeRow reports it of one.
func (t *table) completeRow(r row) bool { return int(r.columns) == len(t.columns) && r.size > 0 }

// appendMissing appends the line of a row whose text lacks something: separators for
// the columns that came later, or any text at all.
func (t *table) appendMissing(dst, text []byte, r row) []byte {
	dst = append(dst, text...)
	switch {
	case r.size > 0:
	case len(t.null) > 0:
		dst = append(dst, t.null...)
	case len(t.columns) == 1:
		dst = append(dst, '"', '"')
	}
	for range len(t.columns) - max(int(r.columns), 1) {
		dst = append(append(dst, t.separator), t.null...)
	}
	return t.appendLineEnd(dst)
}

// cursor walks over the texts of the rows.
type cursor struct {
	row, block, offset int
}

// next returns the line of the row at the cursor, as it is in the block, and moves on.
func (t *table) next(c *cursor) []byte {
	size := int(t.rows[c.row].size) + int(t.lineEnd())
	for c.offset == len(t.blocks[c.block]) {
		c.block, c.offset = c.block+1, 0
	}
	line := t.blocks[c.block][c.offset : c.offset+size]
	c.row++
	c.offset += size
	return line
}

// writeTo writes the whole table as text.
func (t *table) writeTo(w io.Writer) (int64, error) {
	line, written := t.line[:0], int64(0)
	if t.header {
		line = t.appendHeader(line)
	}
	if t.complete() {
		return t.writeBlocks(w, line)
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

// writeBlocks writes the header and the blocks as they are.
func (t *table) writeBlocks(w io.Writer, header []byte) (written int64, err error) {
	n, err := w.Write(header)
	written = int64(n)
	for _, b := range t.blocks {
		if err != nil {
			break
		}
		n, err = w.Write(b)
		written += int64(n)
	}
	t.line = header[:0]
	return written, err
}

const flushSize = 64 << 10

// appendLine appends the whole line of the row at the cursor and moves on.
func (t *table) appendLine(dst []byte, c *cursor) []byte {
	r := t.rows[c.row]
	line := t.next(c)
	if t.completeRow(r) {
		return append(dst, line...)
	}
	return t.appendMissing(dst, line[:r.size], r)
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
	return cursor{row: r, block: b, offset: len(t.blocks[b]) - size - int(t.lineEnd())}
}
