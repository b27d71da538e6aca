package parquet

import (
	"encoding/binary"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
)

const (
	// A dictionary is judged from this many values on, and dropped when more
	// than three quarters of them are distinct or it grows too large.
	judgeAfter    = 4096
	maxDictionary = 1 << 20
	// A column that dropped its dictionary tries again after this many row
	// groups: other partitions may have other data.
	retryAfter = 32
)

// column buffers the values of one leaf for the current row group, in the form
// that pages need. Of the value slices only that of its type is in use. What
// every value needs comes first, because it is then in the same cache line.
type column struct {
	rows    int // rows begun
	start   int // the first entry of the last row begun, -1 when unknown
	values  int
	maxDef  uint8
	maxRep  uint8
	hasDict bool
	// dense is set while every entry has a value: most columns never have a
	// null, and then need no levels.
	dense bool

	ids  []int32 // instead of plain and ends, with a dictionary
	dict dictionary
	wait int // row groups until a dictionary is tried again
	// way is how pages are compressed, for so many row groups more.
	way  way
	ways int

	bools   []byte // one each
	ints    []int64
	doubles []float64 // also those of 32 bits
	fixed   []byte    // size bytes each
	plain   []byte    // length-prefixed, as PLAIN pages have them
	ends    []uint32  // where each value ends in plain

	defs []uint8 // definition levels, unless maxDef is 0 or dense is set
	reps []uint8 // repetition levels, unless maxRep is 0

	field    *schema.Field
	path     []string
	physical format.Type
	size     int // of a fixed-length value
	bloom    bool
	// patient is set where a dictionary is worth a longer trial, later where one of
	// many values may be made when all of them are there.
	patient, later bool
	late           bool // the dictionary is made later, of plain
}

func newColumn(f *schema.Field, e *format.SchemaElement, path []string, def, rep uint8) *column {
	return &column{
		field: f, path: path, physical: e.Type, size: int(e.TypeLength), maxDef: def, maxRep: rep,
	}
}

// reset empties the column for the next row group.
func (c *column) reset() {
	c.rows, c.values, c.start = 0, 0, -1
	c.defs, c.reps, c.dense = c.defs[:0], c.reps[:0], c.maxDef > 0
	c.bools, c.ints, c.doubles, c.fixed = c.bools[:0], c.ints[:0], c.doubles[:0], c.fixed[:0]
	c.plain, c.ends, c.ids = c.plain[:0], c.ends[:0], c.ids[:0]
	if c.wait > 0 {
		c.wait--
	}
	c.late = false
	if c.ways--; c.ways <= 0 {
		c.way = untold
	}
	if c.hasDict = c.physical == format.ByteArray && c.wait == 0; c.hasDict {
		c.dict.reset()
	}
}

// release gives up large buffers when other columns are about to be filled: an
// encoder shall not hold a row group for every schema that it has seen.
func (c *column) release() {
	const small = 16 << 10
	c.reset()
	if cap(c.plain)+cap(c.dict.data)+slotSize*len(c.dict.table)+8*cap(c.ints)+8*cap(c.doubles)+cap(c.fixed)+4*cap(c.ids)+cap(c.defs) > small {
		*c = column{
			field: c.field, path: c.path, physical: c.physical, size: c.size,
			maxDef: c.maxDef, maxRep: c.maxRep, bloom: c.bloom, patient: c.patient, later: c.later, wait: c.wait + 1,
		}
	}
}

// buffered is the number of bytes the column holds.
func (c *column) buffered() int {
	return len(c.defs) + len(c.reps) + len(c.bools) + 8*len(c.ints) + 8*len(c.doubles) + len(c.fixed) +
		len(c.plain) + 4*len(c.ends) + 4*len(c.ids) + len(c.dict.data)
}

// begin starts a row for the column; rows since the last are null.
func (c *column) begin(row int) {
	if c.rows < row {
		c.pad(row)
	}
	c.rows++
	if c.maxRep > 0 {
		c.start = len(c.reps)
	}
}

func (c *column) pad(row int) {
	n := row - c.rows
	c.sparse()
	c.defs = appendZeros(c.defs, n)
	if c.maxRep > 0 {
		c.reps = appendZeros(c.reps, n)
	}
	c.rows, c.start = row, -1
}

func appendZeros(b []uint8, n int) []uint8 {
	const block = 64
	var zeros [block]uint8
	for ; n > block; n -= block {
		b = append(b, zeros[:]...)
	}
	return append(b, zeros[:n]...)
}

// sparse writes out the levels of a column that was dense until now.
func (c *column) sparse() {
	if !c.dense {
		return
	}
	c.dense = false
	c.defs = slices.Grow(c.defs, c.values+1)[:c.values]
	for i := range c.defs {
		c.defs[i] = c.maxDef
	}
}

// null notes an entry without a value.
func (c *column) null(rep, def uint8) {
	c.sparse()
	c.defs = append(c.defs, def)
	if c.maxRep > 0 {
		c.reps = append(c.reps, rep)
	}
}

// level notes the entry of a value that follows.
func (c *column) level(rep uint8) {
	if !c.dense && c.maxDef > 0 {
		c.defs = append(c.defs, c.maxDef)
	}
	if c.maxRep > 0 {
		c.reps = append(c.reps, rep)
	}
}

func (c *column) addBool(rep uint8, v bool) {
	c.level(rep)
	b := byte(0)
	if v {
		b = 1
	}
	c.bools = append(c.bools, b)
	c.values++
}

func (c *column) addInt(rep uint8, v int64) {
	c.level(rep)
	c.ints = append(c.ints, v)
	c.values++
}

func (c *column) addDouble(rep uint8, v float64) {
	c.level(rep)
	c.doubles = append(c.doubles, v)
	c.values++
}

func (c *column) addFixed(rep uint8, v []byte) {
	c.level(rep)
	c.fixed = append(c.fixed, v...)
	c.values++
}

func (c *column) addBytes(rep uint8, v []byte) {
	c.level(rep)
	c.values++
	if c.hasDict {
		id, at := c.dict.find(v)
		if id >= 0 {
			c.ids = append(c.ids, id)
			return
		}
		if c.grow(v, at) {
			return
		}
	}
	c.addPlain(v)
}

func (c *column) addPlain(v []byte) {
	at := len(c.plain)
	end := at + lengthSize + len(v)
	if end > cap(c.plain) {
		c.plain = slices.Grow(c.plain, end-at)
	}
	c.plain = c.plain[:end]
	binary.LittleEndian.PutUint32(c.plain[at:], uint32(len(v)))
	copy(c.plain[at+lengthSize:], v)
	c.ends = append(c.ends, uint32(end))
}

// grow adds a value to the dictionary, or drops the dictionary and reports
// false.
func (c *column) grow(v []byte, at place) bool {
	n := len(c.ids)
	if c.postpones() {
		c.late = true
		c.valuesOfIDs()
		return false
	}
	if n >= judgeAfter && c.dict.len() > c.mostDistinct(n) || len(c.dict.data)+len(v) > maxDictionary {
		c.dropDict()
		return false
	}
	c.ids = append(c.ids, c.dict.add(v, n, at))
	return true
}

// mostDistinct is with how many distinct ones of the first n values a dictionary is kept.
func (c *column) mostDistinct(n int) int {
	if c.patient && n < maxNumbers/2 {
		return worthwhile(n)
	}
	return n / 4 * 3
}

// dropDict turns ids back into values, for this row group and for others.
func (c *column) dropDict() {
	c.wait = retryAfter
	c.valuesOfIDs()
}

// value returns the i-th byte array.
func (c *column) value(i int) []byte {
	if c.hasDict {
		return c.dict.value(c.ids[i])
	}
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.plain[start+4 : c.ends[i]]
}

// truncate takes back all rows from row on.
func (c *column) truncate(row int) {
	if c.rows <= row {
		return
	}
	entries := c.entryOf(row)
	values := c.values
	if c.maxDef == 0 || c.dense {
		values = min(values, entries)
	} else {
		for _, d := range c.defs[entries:] {
			if d == c.maxDef {
				values--
			}
		}
		c.defs = c.defs[:entries]
	}
	if c.maxRep > 0 {
		c.reps = c.reps[:entries]
	}
	c.rows, c.start = row, -1
	c.keep(values)
}

// entryOf returns the index of the first entry of a row.
func (c *column) entryOf(row int) int {
	if c.maxRep == 0 {
		return row
	}
	if row == c.rows-1 && c.start >= 0 {
		return c.start // a row that failed may have no entry yet
	}
	i := len(c.reps)
	for n := c.rows; n > row; n-- {
		for i--; c.reps[i] != 0; i-- {
		}
	}
	return i
}

// keep drops all but the first n values.
func (c *column) keep(n int) {
	c.values = n
	switch c.physical {
	case format.Boolean:
		c.bools = c.bools[:n]
	case format.Int32, format.Int64:
		c.ints = c.ints[:n]
	case format.Double, format.Float:
		c.doubles = c.doubles[:n]
	case format.FixedLenByteArray:
		c.fixed = c.fixed[:n*c.size]
	default:
		if c.hasDict {
			c.ids = c.ids[:n]
			c.dict.forget(n)
			return
		}
		c.ends = c.ends[:n]
		end := uint32(0)
		if n > 0 {
			end = c.ends[n-1]
		}
		c.plain = c.plain[:end]
	}
}

// addDecimal adds a decimal of more than 18 digits, if it fits.
func (c *column) addDecimal(rep uint8, text []byte) bool {
	var buf [32]byte
	v, ok := scalar.AppendDecimal(buf[:0], text, c.field.Precision, c.field.Scale, c.size)
	if ok {
		c.addFixed(rep, v)
	}
	return ok
}
