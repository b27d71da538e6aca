package format

import "encoding/binary"

// Types of fields and elements in the compact protocol. A boolean field has
// its value in place of its type.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeInt16  = 4
	typeInt32  = 5
	typeInt64  = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeStruct = 12
)

// writer appends structures to out. The fields of a structure are written in
// the order of their ids, each of which is at most 15 more than the one before.
type writer struct {
	out  []byte
	last byte // the id of the field before, 0 at the beginning of a structure
}

func (w *writer) field(id, typ byte) {
	w.out = append(w.out, (id-w.last)<<4|typ)
	w.last = id
}

func (w *writer) varint(v int64) { w.out = binary.AppendVarint(w.out, v) }

func (w *writer) int16(id byte, v int16) {
	w.field(id, typeInt16)
	w.varint(int64(v))
}

func (w *writer) int32(id byte, v int32) {
	w.field(id, typeInt32)
	w.varint(int64(v))
}

func (w *writer) int64(id byte, v int64) {
	w.field(id, typeInt64)
	w.varint(v)
}

func (w *writer) bool(id byte, v bool) {
	if v {
		w.field(id, typeTrue)
		return
	}
	w.field(id, typeFalse)
}

func (w *writer) bytes(id byte, v []byte) {
	w.field(id, typeBinary)
	w.binary(v)
}

func (w *writer) string(id byte, v string) {
	w.field(id, typeBinary)
	w.text(v)
}

func (w *writer) binary(v []byte) {
	w.out = binary.AppendUvarint(w.out, uint64(len(v)))
	w.out = append(w.out, v...)
}

func (w *writer) text(v string) {
	w.out = binary.AppendUvarint(w.out, uint64(len(v)))
	w.out = append(w.out, v...)
}

// list begins a list; its n elements follow.
func (w *writer) list(id, element byte, n int) {
	w.field(id, typeList)
	if n < 15 {
		w.out = append(w.out, byte(n)<<4|element)
		return
	}
	w.out = append(w.out, 0xF0|element)
	w.out = binary.AppendUvarint(w.out, uint64(n))
}

// structure writes a structure as a field.
func (w *writer) structure(id byte, fields func(*writer)) {
	w.field(id, typeStruct)
	w.element(fields)
}

// element writes a structure as an element of a list.
func (w *writer) element(fields func(*writer)) {
	outer := w.last
	w.last = 0
	fields(w)
	w.out = append(w.out, 0)
	w.last = outer
}

// empty are the fields of a structure that has none.
func empty(*writer) {}
