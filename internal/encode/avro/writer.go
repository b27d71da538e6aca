package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/internal/rescue"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

var (
	// errLearn says that the schema has no room for a record, but may make some.
	errLearn = errors.New("the schema does not know this field or type")
	// errOrder says that the members of an object come in another order.
	errOrder = errors.New("the fields come in another order")
	// errTwice says that an object has the same field twice.
	errTwice = errors.New("a field is there twice")
)

// writer turns records into Avro's binary form, one after the other in buf.
type writer struct {
	*plan
	policy schema.Policy
	cursor jsonscan.Cursor
	buf    []byte
	// ends are the ends of the records in buf.
	ends []int
	// final is set once the schema was asked to make room: what still does
	// not fit is then refused.
	final bool

	objects uint64
	scratch []byte
	spans   []span
	rescue  rescue.Values
	keys    jsonscan.Keys  // of maps in the record
	origin  []source.Value // of the record being written
}

// span is a range of buf.
type span struct{ from, to int }

// begin starts a block.
func (w *writer) begin() { w.buf, w.ends = w.buf[:0], w.ends[:0] }

// truncate takes back all records but the first n.
func (w *writer) truncate(n int) {
	w.ends = w.ends[:n]
	w.buf = w.buf[:w.end()]
}

func (w *writer) end() int {
	if len(w.ends) == 0 {
		return 0
	}
	return w.ends[len(w.ends)-1]
}

// write adds a record. One that cannot be added leaves no trace.
func (w *writer) write(rec *record.Record) error {
	w.rescue.Drop()
	w.spans = w.spans[:0]
	if w.source != nil {
		w.origin = w.source.Read(rec.Meta)
	}
	var err error
	if rec.Structured() {
		err = w.writeValue(rec.Value)
	} else {
		err = w.writeJSON(rec.Raw)
	}
	if err != nil {
		w.buf = w.buf[:w.end()]
		return err
	}
	w.ends = append(w.ends, len(w.buf))
	return nil
}

func (w *writer) writeJSON(doc []byte) error {
	c := &w.cursor
	c.Reset(doc)
	w.keys.Begin()
	if kind := c.Kind(); kind != jsonscan.Object && kind != jsonscan.Invalid {
		if err := jsonscan.Valid(doc); err != nil {
			return err
		}
		return fmt.Errorf("the record is %s, not an object", kind)
	}
	err := w.object(w.root)
	if err == nil {
		err = c.End()
	}
	if err != nil && (errors.Is(err, errTwice) || schema.Twice(doc)) {
		return w.writeTwice(doc) // what it failed with may not count
	}
	return err
}

// object writes the object that the cursor is at. Avro wants the members in
// the order of the schema. They mostly come that way; when not, the object is
// written again by parts.
func (w *writer) object(n *node) error {
	if n.unordered > 0 {
		n.unordered--
		return w.unorderedObject(n)
	}
	saved, rescued, start := w.cursor, w.rescue, len(w.buf)
	err := w.orderedObject(n)
	if !errors.Is(err, errOrder) {
		return err
	}
	const retry = 1000
	n.unordered = retry
	w.cursor, w.rescue, w.buf = saved, rescued, w.buf[:start]
	return w.unorderedObject(n)
}

// orderedObject writes members as they come, and nulls for those passed over.
func (w *writer) orderedObject(n *node) error {
	if err := w.cursor.EnterObject(); err != nil {
		return err
	}
	next := 0
	guess := &n.first
	for {
		m, ok, err := w.nextMember(n, *guess)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if m == nil {
			continue
		}
		if m.slot < next {
			return errOrder
		}
		*guess = m
		if err := w.passOver(n, next, m.slot); err != nil {
			return err
		}
		if err := w.value(m); err != nil {
			return err
		}
		next = m.slot + 1
		guess = &m.next
	}
	return w.rest(n, next)
}

// rest writes the members from next on, which the object does not have.
func (w *writer) rest(n *node, next int) error {
	if n != w.root || w.rescued == nil {
		return w.absentees(n, next, len(n.members))
	}
	// The rescued values are known only now. When their place has passed, the
	// object has to be written by parts.
	text := w.rescue.Take()
	if text == nil {
		return w.absentees(n, next, len(n.members))
	}
	if next > w.rescued.slot {
		return errOrder
	}
	if err := w.absentees(n, next, w.rescued.slot); err != nil {
		return err
	}
	w.text(w.rescued, text)
	return w.absentees(n, w.rescued.slot+1, len(n.members))
}

// passOver writes nulls for the members in [from, to). One that must have a
// value may have it later in the object.
func (w *writer) passOver(n *node, from, to int) error {
	for _, m := range n.members[from:to] {
		if !m.field.Optional {
			return errOrder
		}
	}
	return w.absentees(n, from, to)
}

// absentees writes the members in [from, to), which the object does not have.
func (w *writer) absentees(n *node, from, to int) error {
	for _, m := range n.members[from:to] {
		if err := w.absent(m); err != nil {
			return err
		}
	}
	return nil
}

// absent writes what a member is that an object does not have.
func (w *writer) absent(n *node) error {
	if n.field.Default == nil {
		return w.null(n)
	}
	return w.parsed(n, n.field.Default)
}

// nextMember moves to the next field. ok is false at the end of the object; m
// is nil for a field that was dealt with.
func (w *writer) nextMember(n, guess *node) (m *node, ok bool, err error) {
	c := &w.cursor
	if guess != nil && c.TryField(&guess.token) {
		return guess, true, nil
	}
	key, ok, err := c.NextField()
	if err != nil || !ok {
		return nil, false, err
	}
	if m = n.index[string(key)]; m == nil {
		return nil, true, w.unknown(n, key)
	}
	return m, true, nil
}

// unorderedObject writes every member where buf ends and puts them into order
// at the end.
func (w *writer) unorderedObject(n *node) error {
	if err := w.cursor.EnterObject(); err != nil {
		return err
	}
	w.objects++
	stamp, start, base := w.objects, len(w.buf), len(w.spans)
	w.spans = slices.Grow(w.spans, len(n.members))[:base+len(n.members)]
	guess := &n.first
	for {
		m, ok, err := w.nextMember(n, *guess)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if m == nil {
			continue
		}
		if m.stamp == stamp {
			return errTwice
		}
		*guess, m.stamp = m, stamp
		from := len(w.buf)
		if err := w.value(m); err != nil {
			return err
		}
		w.spans[base+m.slot] = span{from, len(w.buf)}
		guess = &m.next
	}
	if n == w.root && w.rescued != nil {
		if text := w.rescue.Take(); text != nil {
			if w.rescued.stamp == stamp {
				return fmt.Errorf("the field %q is reserved for values that do not fit", schema.RescuedColumn)
			}
			w.rescued.stamp = stamp
			from := len(w.buf)
			w.text(w.rescued, text)
			w.spans[base+w.rescued.slot] = span{from, len(w.buf)}
		}
	}
	return w.order(n, stamp, start, base)
}

// order rearranges what was written from start on.
func (w *writer) order(n *node, stamp uint64, start, base int) error {
	end := len(w.buf)
	for i, m := range n.members {
		if m.stamp == stamp {
			s := w.spans[base+i]
			w.buf = append(w.buf, w.buf[s.from:s.to]...)
		} else if err := w.absent(m); err != nil {
			return err
		}
	}
	w.buf = append(w.buf[:start], w.buf[end:]...)
	w.spans = w.spans[:base]
	return nil
}

// null writes a null, or fails when the node must have a value. A source column
// has one.
func (w *writer) null(n *node) error {
	if n.source > 0 {
		w.sourceValue(n)
		return nil
	}
	if !n.field.Optional {
		return fmt.Errorf("the required field %q is null or missing", n.path)
	}
	w.buf = append(w.buf, 0)
	return nil
}

// present begins a value of a node that may be null.
func (w *writer) present(n *node) {
	if n.field.Optional {
		w.buf = append(w.buf, 2)
	}
}

func (w *writer) long(v int64) { w.buf = binary.AppendVarint(w.buf, v) }

func (w *writer) text(n *node, text []byte) {
	w.present(n)
	w.long(int64(len(text)))
	w.buf = append(w.buf, text...)
}

func (w *writer) int(n *node, v int64) {
	w.present(n)
	w.long(v)
}

// bytes writes the bytes of a value, if there are as many as there must be.
func (w *writer) bytes(n *node, v []byte) bool {
	switch {
	case n.field.Size == 0:
		w.text(n, v)
	case n.field.OfSize(len(v)):
		w.present(n)
		w.buf = append(w.buf, v...)
	default:
		return false
	}
	return true
}

func (w *writer) double(n *node, v float64) {
	w.present(n)
	if n.field.Type == schema.Float {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, math.Float32bits(float32(v)))
		return
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(v))
}

func (w *writer) bool(n *node, v bool) {
	w.present(n)
	b := byte(0)
	if v {
		b = 1
	}
	w.buf = append(w.buf, b)
}
