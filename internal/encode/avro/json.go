package avro

import (
	"encoding/binary"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// unknown deals with a field that the schema does not have.
func (w *writer) unknown(n *node, key []byte) error {
	if n == w.root && w.schema.Without[string(key)] {
		_, err := w.cursor.Skip()
		return err
	}
	if n == w.root && w.source != nil && w.schema.Columns.Has(key) {
		return source.Taken(string(key))
	}
	path := ""
	if w.policy.Unknown != schema.Drop {
		path = join(n.path, string(key)) // the key is gone after the next step
	}
	isNull := w.cursor.Kind() == jsonscan.Null
	raw, err := w.cursor.Skip()
	if err != nil || isNull || w.policy.Unknown == schema.Add && jsonscan.Undecided(raw) {
		return err
	}
	return w.unknownField(path)
}

func (w *writer) unknownField(path string) error {
	switch {
	case w.policy.Unknown == schema.Drop:
		return nil
	case w.policy.Unknown == schema.Add && !w.final:
		return errLearn
	case w.policy.Unknown == schema.Add:
		return schema.NoRoom(path)
	}
	return fmt.Errorf("the schema has no field %q", path)
}

// value writes the value that the cursor is at: here what most values are, the
// quick way.
func (w *writer) value(n *node) error {
	c := &w.cursor
	switch n.field.Type { //nolint:exhaustive // anyValue takes the others
	case schema.String:
		if s, ok := c.TryString(); ok {
			w.text(n, s)
			return nil
		}
	case schema.Int64:
		if v, ok := c.TryInt(); ok {
			if n.narrow && !scalar.ExactDouble(v) {
				return w.wide(n)
			}
			w.int(n, v)
			return nil
		}
	case schema.Double:
		if text, mantissa, scale, ok := c.TryDecimal(); ok {
			v, ok := scalar.DecimalDouble(mantissa, scale, text[0] == '-')
			if ok && (scalar.SurelyExact(mantissa) || n.field.Round) {
				w.double(n, v)
				return nil
			}
			return w.numberText(n, text)
		}
	case schema.Bool:
		if v, ok := c.TryBool(); ok {
			w.bool(n, v)
			return nil
		}
	}
	if c.TryNull() {
		return w.null(n)
	}
	return w.anyValue(n)
}

// anyValue writes the value that the cursor is at, whatever it is.
func (w *writer) anyValue(n *node) error {
	c := &w.cursor
	kind := c.Kind()
	if kind == jsonscan.Null {
		if err := c.Null(); err != nil {
			return err
		}
		return w.null(n)
	}
	switch n.field.Type {
	case schema.Group:
		if kind == jsonscan.Object {
			w.present(n)
			return w.object(n)
		}
	case schema.List:
		if kind == jsonscan.Array {
			return w.list(n)
		}
	case schema.Map:
		if kind == jsonscan.Object {
			return w.entries(n)
		}
	case schema.JSON:
		raw, err := c.Skip()
		if err != nil {
			return err
		}
		w.scratch = jsonscan.AppendCompact(w.scratch[:0], raw)
		w.text(n, w.scratch)
		return nil
	case schema.Bool:
		if kind == jsonscan.True || kind == jsonscan.False {
			v, err := c.Bool()
			w.bool(n, v)
			return err
		}
	default:
		switch kind { //nolint:exhaustive // the others never fit
		case jsonscan.String:
			return w.string(n)
		case jsonscan.Number:
			return w.number(n)
		}
	}
	return w.other(n)
}

// other deals with a value of a kind that the field does not take.
func (w *writer) other(n *node) error {
	raw, err := w.cursor.Skip()
	if err != nil {
		return err
	}
	if w.takesText(n) {
		w.scratch = jsonscan.AppendCompact(w.scratch[:0], raw)
		w.text(n, w.scratch)
		return nil
	}
	return w.mismatch(n, raw)
}

// takesText reports whether the field takes values of any kind as their text.
func (w *writer) takesText(n *node) bool {
	return n.field.Type == schema.String && w.policy.Widens()
}

func (w *writer) list(n *node) error {
	c := &w.cursor
	if err := c.EnterArray(); err != nil {
		return err
	}
	w.present(n)
	start, items := w.openArray(), 0
	w.rescue.Enter()
	for ; ; items++ {
		ok, err := c.NextElement()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		w.rescue.Item(items)
		if err := w.value(n.elem); err != nil {
			return err
		}
	}
	w.rescue.Leave()
	w.closeArray(start, items)
	return nil
}

// openArray leaves one byte for the number of items, which is enough for most
// arrays.
func (w *writer) openArray() int {
	w.buf = append(w.buf, 0)
	return len(w.buf) - 1
}

func (w *writer) closeArray(start, items int) {
	if items == 0 {
		return // the byte that was left is the end of the array
	}
	var number [binary.MaxVarintLen64]byte
	size := binary.PutVarint(number[:], int64(items))
	if size > 1 {
		w.buf = append(w.buf, number[1:size]...) // room to move into
		copy(w.buf[start+size:], w.buf[start+1:])
	}
	copy(w.buf[start:], number[:size])
	w.buf = append(w.buf, 0)
}

func (w *writer) number(n *node) error {
	text, err := w.cursor.Number()
	if err != nil {
		return err
	}
	return w.numberText(n, text)
}

func (w *writer) numberText(n *node, text []byte) error {
	if w.addNumber(n, text) {
		return nil
	}
	if w.takesText(n) {
		w.text(n, text)
		return nil
	}
	return w.mismatch(n, text)
}

func (w *writer) addNumber(n *node, text []byte) bool {
	f := n.field
	switch f.Type {
	case schema.Double, schema.Float:
		v, ok := f.NumberDouble(text)
		if ok {
			w.double(n, v)
		}
		return ok
	case schema.Decimal:
		return w.decimal(n, text)
	case schema.Int32, schema.Int64, schema.Timestamp, schema.Date, schema.Time:
	default:
		return false
	}
	v, ok := f.NumberInt64(text)
	if ok = ok && (!n.narrow || scalar.ExactDouble(v)); ok {
		w.int(n, v)
	}
	return ok
}

// wide has it noted that a column of integers has one that a double does not
// hold.
func (w *writer) wide(n *node) error {
	if w.final {
		return schema.NotLearned(n.path)
	}
	return errLearn
}

func (w *writer) decimal(n *node, text []byte) bool {
	f := n.field
	var ok bool
	size := f.Size
	if size == 0 {
		size = scalar.DecimalSize(f.Precision)
	}
	w.scratch, ok = scalar.AppendDecimal(w.scratch[:0], text, f.Precision, f.Scale, size)
	return ok && w.bytes(n, w.scratch)
}

func (w *writer) string(n *node) error {
	text, err := w.cursor.String()
	if err != nil {
		return err
	}
	if w.addString(n, text) {
		return nil
	}
	return w.mismatch(n, jsonscan.AppendQuote(nil, text))
}

const uuidLength = 36

func (w *writer) addString(n *node, text []byte) bool {
	f := n.field
	switch f.Type {
	case schema.String:
		w.text(n, text)
		return true
	case schema.Bytes:
		if f.Base64 {
			var err error
			if w.scratch, err = scalar.AppendBase64(w.scratch[:0], text); err != nil {
				return false
			}
			text = w.scratch
		}
		return w.bytes(n, text)
	case schema.UUID:
		u, ok := scalar.UUID(text)
		if ok {
			w.present(n)
			w.long(uuidLength)
			w.buf = scalar.AppendUUID(w.buf, u)
		}
		return ok
	case schema.Decimal:
		return f.TakesText() && w.decimal(n, text)
	case schema.Timestamp, schema.Date, schema.Time:
	default:
		return false
	}
	v, ok := f.StringInt64(text)
	if ok {
		w.int(n, v)
	}
	return ok
}

// mismatch deals with a value that does not fit; raw is its JSON text.
func (w *writer) mismatch(n *node, raw []byte) error {
	switch {
	case w.policy.Mismatch == schema.Rescue && n.field.Optional && w.rescued != nil:
		w.rescue.Add(n.at, raw)
		return w.null(n)
	case w.policy.Widens() && jsonscan.Undecided(raw):
		return w.null(n) // it says no more than a null
	case w.policy.Widens() && !w.final:
		return errLearn
	}
	return schema.Misfit(n.path, raw, n.field.Type)
}
