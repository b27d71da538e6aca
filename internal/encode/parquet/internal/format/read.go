package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Layout is what a footer says about where the parts of a file are.
type Layout struct {
	NumRows int64
	Groups  []GroupLayout
}

// GroupLayout is a row group.
type GroupLayout struct {
	NumRows int64
	Columns []ColumnLayout
}

// ColumnLayout is where the pages of a column chunk begin and how many bytes
// they and the bloom filter take.
type ColumnLayout struct {
	DataPageOffset       int64
	DictionaryPageOffset int64 // 0 when there is no dictionary
	Size                 int64
	BloomFilterLength    int32
}

// Start is where the first page is.
func (c *ColumnLayout) Start() int64 {
	if c.DictionaryPageOffset > 0 {
		return c.DictionaryPageOffset
	}
	return c.DataPageOffset
}

// ReadLayout reads a footer. It goes over all of it, and fails when any part
// is not well formed or anything follows it.
func ReadLayout(footer []byte) (*Layout, error) {
	r := reader{in: footer}
	var l Layout
	r.structure(func(id, typ byte) bool {
		switch {
		case id == 3 && typ == typeInt64:
			l.NumRows = r.varint()
		case id == 4 && typ == typeList:
			r.structures(func() { l.Groups = append(l.Groups, r.group()) })
		default:
			return false
		}
		return true
	})
	if r.err == nil && len(r.in) > 0 {
		r.err = fmt.Errorf("%d bytes follow it", len(r.in))
	}
	return &l, r.err
}

func (r *reader) group() (g GroupLayout) {
	r.structure(func(id, typ byte) bool {
		switch {
		case id == 1 && typ == typeList:
			r.structures(func() { g.Columns = append(g.Columns, r.chunk()) })
		case id == 3 && typ == typeInt64:
			g.NumRows = r.varint()
		default:
			return false
		}
		return true
	})
	return g
}

func (r *reader) chunk() (c ColumnLayout) {
	r.structure(func(id, typ byte) bool {
		if id == 3 && typ == typeStruct {
			r.metaData(&c)
			return true
		}
		return false
	})
	return c
}

func (r *reader) metaData(c *ColumnLayout) {
	r.structure(func(id, typ byte) bool {
		switch {
		case id == 7 && typ == typeInt64:
			c.Size = r.varint()
		case id == 9 && typ == typeInt64:
			c.DataPageOffset = r.varint()
		case id == 11 && typ == typeInt64:
			c.DictionaryPageOffset = r.varint()
		case id == 15 && typ == typeInt32:
			c.BloomFilterLength = int32(r.varint())
		default:
			return false
		}
		return true
	})
}

var errShort = errors.New("it ends within a value")

// maxDepth is more than the values of a footer are nested.
const maxDepth = 16

// reader reads structures from the front of in. After an error there is
// nothing left to read.
type reader struct {
	in    []byte
	depth int
	err   error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.in = nil
}

// take returns the next n bytes, nil when there are not as many.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.in)) {
		r.fail(errShort)
		return nil
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.in)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.in = r.in[n:]
	return v
}

func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// structure reads the fields of a structure. known reads the value of a field
// and reports true, or leaves it and reports false.
func (r *reader) structure(known func(id, typ byte) bool) {
	r.enter()
	defer r.leave()
	id := int64(0)
	for r.err == nil {
		b := r.byte()
		typ := b & 0xF
		if typ == 0 {
			return
		}
		if id += int64(b >> 4); b>>4 == 0 {
			id = r.varint()
		}
		if id < 1 || id > math.MaxInt8 {
			r.fail(fmt.Errorf("it has a field with the id %d", id))
			return
		}
		if !known(byte(id), typ) {
			r.skip(typ, false)
		}
	}
}

func (r *reader) enter() {
	if r.depth++; r.depth > maxDepth {
		r.fail(fmt.Errorf("its values are nested deeper than %d levels", maxDepth))
	}
}

func (r *reader) leave() { r.depth-- }

// structures reads a list of structures, each with one call of read.
func (r *reader) structures(read func()) {
	element, n := r.list()
	if element != typeStruct && n > 0 {
		r.fail(fmt.Errorf("a list has elements of the type %d instead of structures", element))
	}
	for ; n > 0 && r.err == nil; n-- {
		read()
	}
}

// list reads what precedes the elements of a list.
func (r *reader) list() (element byte, n uint64) {
	b := r.byte()
	if n = uint64(b >> 4); n == 15 {
		n = r.uvarint()
	}
	if n > uint64(len(r.in)) { // an element takes at least a byte
		r.fail(errShort)
		return 0, 0
	}
	return b & 0xF, n
}

// skip passes over a value. Booleans take a byte in lists only.
func (r *reader) skip(typ byte, inList bool) {
	switch typ {
	case typeTrue, typeFalse:
		if inList {
			r.take(1)
		}
	case typeByte:
		r.take(1)
	case typeInt16, typeInt32, typeInt64:
		r.uvarint()
	case typeDouble:
		r.take(8)
	case typeBinary:
		r.take(r.uvarint())
	case typeList, typeSet:
		r.skipList()
	case typeStruct:
		r.structure(func(byte, byte) bool { return false })
	default:
		r.fail(fmt.Errorf("it has a value of the unknown type %d", typ))
	}
}

func (r *reader) skipList() {
	r.enter()
	defer r.leave()
	element, n := r.list()
	for ; n > 0 && r.err == nil; n-- {
		r.skip(element, true)
	}
}
