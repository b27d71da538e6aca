package parquet

import (
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/encode/internal/rescue"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// maxRecord keeps pages within the 31 bits that the format has for their size.
const maxRecord = 1 << 30

// errLearn says that the schema has no room for a record, but may make some.
var errLearn = errors.New("the schema does not know this field or type")

// writer walks records along a plan and fills its columns.
type writer struct {
	*plan
	policy schema.Policy
	cursor jsonscan.Cursor

	row     int
	objects uint64 // counts objects, to stamp the members that were met
	// final is set once the schema was asked to make room: what still does
	// not fit is then refused.
	final bool

	scratch []byte
	rescue  rescue.Values
	keys    jsonscan.Keys // of maps in the record
}

// begin starts a row group.
func (w *writer) begin() {
	w.row = 0
	for _, c := range w.columns {
		c.reset()
	}
}

// finish completes the columns of a row group.
func (w *writer) finish() {
	for _, c := range w.columns {
		if c.rows < w.row {
			c.pad(w.row)
		}
	}
}

// truncate takes back all rows from row on.
func (w *writer) truncate(row int) {
	w.row = row
	for _, c := range w.columns {
		c.truncate(row)
	}
}

// buffered is the number of bytes in the columns.
func (w *writer) buffered() int {
	n := 0
	for _, c := range w.columns {
		n += c.buffered()
	}
	return n
}

// write adds a record as the next row. A record that cannot be added leaves no
// trace.
func (w *writer) write(rec *record.Record) error {
	var err error
	switch {
	case rec.Structured():
		err = w.writeValue(rec.Value)
	case len(rec.Raw) > maxRecord:
		err = fmt.Errorf("the record has %d bytes; a page holds at most %d", len(rec.Raw), maxRecord)
	default:
		err = w.writeJSON(rec.Raw)
	}
	if err == nil && w.source != nil {
		err = w.writeSource(rec.Meta)
	}
	if err != nil {
		w.truncate(w.row)
		w.rescue.Drop()
		return err
	}
	w.row++
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
	err := w.object(w.root, 0)
	if err == nil {
		err = c.End()
	}
	if err == nil {
		err = w.endRecord()
	}
	if err != nil && (errors.Is(err, errTwice) || schema.Twice(doc)) {
		return w.writeTwice(doc) // what it failed with may not count
	}
	return err
}

// endRecord checks and adds what only the end of a record tells.
func (w *writer) endRecord() error {
	for _, m := range w.required {
		switch {
		case m.leaves[0].rows > w.row:
			continue
		case m.field.Default == nil:
			return fmt.Errorf("the required field %q is missing", m.path)
		}
		for _, leaf := range m.leaves {
			leaf.begin(w.row)
		}
		if err := w.parsed(m, m.field.Default, 0); err != nil {
			return err
		}
	}
	if text := w.rescue.Take(); text != nil {
		if w.rescued.column.rows > w.row {
			return fmt.Errorf("the field %q is reserved for values that do not fit", schema.RescuedColumn)
		}
		w.rescued.column.begin(w.row)
		w.rescued.column.addBytes(0, text)
	}
	return nil
}

// object walks the object that the cursor is at.
func (w *writer) object(n *node, rep uint8) error {
	c := &w.cursor
	if err := c.EnterObject(); err != nil {
		return err
	}
	w.objects++
	stamp, met := w.objects, 0
	guess := &n.first
	for {
		m := *guess
		if m == nil || !c.TryField(&m.token) {
			key, ok, err := c.NextField()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if m = n.index[string(key)]; m == nil {
				if err := w.unknown(n, key); err != nil {
					return err
				}
				continue
			}
			*guess = m
		}
		if m.stamp == stamp {
			return errTwice
		}
		m.stamp = stamp
		met++
		switch {
		case n != w.root:
		case m.column != nil:
			m.column.begin(w.row)
		default:
			for _, leaf := range m.leaves {
				leaf.begin(w.row)
			}
		}
		if err := w.value(m, rep); err != nil {
			return err
		}
		guess = &m.next
	}
	if n == w.root || met == len(n.members) {
		return nil
	}
	return w.missing(n, rep, stamp)
}

// missing adds the members of a group that an object does not have.
// Top-level columns are filled up when their next value comes.
func (w *writer) missing(n *node, rep uint8, stamp uint64) error {
	for _, m := range n.members {
		if m.stamp != stamp {
			if err := w.absent(m, rep); err != nil {
				return err
			}
		}
	}
	return nil
}

// absent adds what a member is that an object does not have.
func (w *writer) absent(n *node, rep uint8) error {
	if n.field.Default == nil {
		return w.null(n, rep)
	}
	return w.parsed(n, n.field.Default, rep)
}

// null adds a null, or fails when the node must have a value.
func (w *writer) null(n *node, rep uint8) error {
	if !n.field.Optional {
		return fmt.Errorf("the required field %q is null or missing", n.path)
	}
	for _, c := range n.leaves {
		c.null(rep, n.def-1)
	}
	return nil
}

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

// value adds the value that the cursor is at: here what most values are, the
// quick way.
func (w *writer) value(n *node, rep uint8) error {
	c := &w.cursor
	switch n.kind { //nolint:exhaustive // anyValue takes the others
	case schema.String:
		if s, ok := c.TryString(); ok {
			n.column.addBytes(rep, s)
			return nil
		}
	case schema.Int64:
		if v, ok := c.TryInt(); ok {
			if n.narrow && !scalar.ExactDouble(v) {
				return w.wide(n)
			}
			n.column.addInt(rep, v)
			return nil
		}
	case schema.Double:
		if text, mantissa, scale, ok := c.TryDecimal(); ok {
			return w.decimal(n, rep, text, mantissa, scale)
		}
	case schema.Bool:
		if v, ok := c.TryBool(); ok {
			n.column.addBool(rep, v)
			return nil
		}
	}
	if c.TryNull() {
		return w.null(n, rep)
	}
	return w.anyValue(n, rep)
}

// anyValue adds the value that the cursor is at, whatever it is.
func (w *writer) anyValue(n *node, rep uint8) error {
	c := &w.cursor
	kind := c.Kind()
	if kind == jsonscan.Null {
		if err := c.Null(); err != nil {
			return err
		}
		return w.null(n, rep)
	}
	switch n.kind {
	case schema.String:
		if kind == jsonscan.String {
			text, err := c.String()
			if err != nil {
				return err
			}
			n.column.addBytes(rep, text)
			return nil
		}
	case schema.Group:
		if kind == jsonscan.Object {
			return w.object(n, rep)
		}
	case schema.List:
		if kind == jsonscan.Array {
			return w.list(n, rep)
		}
	case schema.Map:
		if kind == jsonscan.Object {
			return w.entries(n, rep)
		}
	case schema.JSON:
		return w.json(n, rep)
	case schema.Bool:
		if kind == jsonscan.True || kind == jsonscan.False {
			v, err := c.Bool()
			n.column.addBool(rep, v)
			return err
		}
	default:
		switch kind { //nolint:exhaustive // the others never fit
		case jsonscan.String:
			return w.string(n, rep)
		case jsonscan.Number:
			return w.number(n, rep)
		}
	}
	return w.other(n, rep)
}
