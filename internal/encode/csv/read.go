package csv

import (
	"errors"
	"fmt"
	"slices"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
)

// add reads one record and appends its row. A record that is refused leaves
// no column behind.
func (t *table) add(r *record.Record) error {
	width := len(t.columns)
	if t.disorder == 0 && !r.Structured() {
		ok, err := t.addInOrder(r)
		if ok {
			t.broken = t.broken || jsonscan.LoneSurrogates(r.Raw) // which is in the cache now
			return nil
		}
		t.truncateColumns(width)
		if err != nil {
			return err
		}
		// The record is read again, and a few after it are read like it.
		t.disorder = disorderly
	}
	t.disorder = max(t.disorder-1, 0)
	t.record++
	t.arena = t.arena[:0]
	if err := t.read(r); err != nil {
		t.truncateColumns(width)
		return err
	}
	t.appendRow(r.Meta)
	return nil
}

func (t *table) read(r *record.Record) error {
	if !r.Structured() {
		return t.readBytes(r.Raw)
	}
	m, ok := r.Value.(map[string]any)
	if !ok || m == nil {
		return fmt.Errorf("expected a JSON object, got %s", kindOf(r.Value))
	}
	return t.readMap(m)
}

// readBytes notes where the values of a JSON document are.
func (t *table) readBytes(doc []byte) error {
	c, err := t.open(doc)
	if err != nil {
		return err
	}
	t.halves = jsonscan.LoneSurrogates(doc)
	t.broken = t.broken || t.halves
	for prev := int32(none); ; {
		id, ok, err := t.field(c, prev)
		if err == nil && !ok {
			err = c.End()
		}
		if err != nil {
			return refusal(err)
		}
		if !ok {
			return nil
		}
		prev = id
		if t.names.all[id].column == none {
			if _, err := c.Skip(); err != nil {
				return refusal(err)
			}
			continue
		}
		to, err := t.fill(id)
		if err != nil {
			return err
		}
		if err := t.value(c, to); err != nil {
			return refusal(err)
		}
	}
}

// open enters the object that doc should be.
func (t *table) open(doc []byte) (*jsonscan.Cursor, error) {
	c := &t.cursor
	c.Reset(doc)
	k := c.Kind()
	if k == jsonscan.Object {
		return c, c.EnterObject()
	}
	if err := jsonscan.Valid(doc); err != nil {
		return nil, refusal(err)
	}
	return nil, fmt.Errorf("expected a JSON object, got %s", k)
}

func refusal(err error) error {
	if syntax := (*jsonscan.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("expected a JSON object: %w", err)
	}
	return err
}

// field reads the next name, which came behind prev, and returns its number.
func (t *table) field(c *jsonscan.Cursor, prev int32) (id int32, ok bool, err error) {
	guess := t.names.after(prev)
	if guess != none {
		n := &t.names.all[guess]
		if c.TryField(&n.token) {
			if n.column != none {
				return guess, true, nil
			}
			return guess, true, t.want(guess, c.Kind())
		}
		// A field that is left out now and then does not change the order.
		if skip := n.next; skip != none && c.TryField(&t.names.all[skip].token) {
			return skip, true, t.wanted(skip, c)
		}
	}
	key, ok, err := c.NextField()
	if err != nil || !ok {
		return none, false, err
	}
	id = t.names.id(key)
	t.names.learn(prev, id)
	return id, true, t.wanted(id, c)
}

// wanted is want for a value that the cursor is at.
func (t *table) wanted(id int32, c *jsonscan.Cursor) error {
	if t.names.all[id].column != none {
		return nil
	}
	return t.want(id, c.Kind())
}

// cell returns the cell of the record being read for a name.
func (t *table) cell(id int32) *cell {
	for int(id) >= len(t.cells) {
		t.cells = append(t.cells, cell{})
	}
	c := &t.cells[id]
	c.record = t.record
	return c
}

// value notes the value at the cursor.
func (t *table) value(c *jsonscan.Cursor, to *cell) (err error) {
	switch c.Kind() {
	case jsonscan.String:
		var hasEscapes bool
		to.form = plain
		if to.text, hasEscapes, err = c.Text(); hasEscapes {
			to.form = escaped
		}
	case jsonscan.Number:
		to.form = literal
		to.text, err = c.Number()
	case jsonscan.True, jsonscan.False:
		to.form = literal
		to.text, err = c.Skip()
	case jsonscan.Null:
		to.form = absent
		err = c.Null()
	case jsonscan.Object, jsonscan.Array, jsonscan.Invalid:
		to.form = nested
		to.text, err = c.Skip()
	}
	return err
}

// readMap notes the values of a parsed record.
func (t *table) readMap(m map[string]any) error {
	if t.source != nil {
		if err := t.source.columns.In(m); err != nil {
			return err
		}
	}
	var few [64]string
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		id := t.names.id([]byte(k))
		kind := jsonscan.Object
		if m[k] == nil {
			kind = jsonscan.Null
		}
		if err := t.want(id, kind); err != nil {
			return err
		}
		if t.names.all[id].column == none {
			continue
		}
		to, err := t.fill(id)
		if err != nil {
			return err
		}
		if err := t.parsed(m[k], to); err != nil {
			return fmt.Errorf("expected a value that JSON can hold: field %q: %w", k, err)
		}
	}
	return nil
}

// parsed notes a parsed value. Its text is kept in the arena; when that has to
// grow, cells go on pointing into what it was before.
func (t *table) parsed(v any, to *cell) (err error) {
	start := len(t.arena)
	switch v := v.(type) {
	case nil:
		to.form = absent
		return nil
	case string:
		// JSON text must be UTF-8; what is not is replaced as it would be there.
		to.form = escaped
		t.arena = jsonscan.AppendQuote(t.arena, []byte(v))
	case map[string]any, []any:
		to.form = nested
		t.arena, err = jsonscan.AppendAny(t.arena, v)
	default:
		to.form = literal
		t.arena, err = jsonscan.AppendAny(t.arena, v)
	}
	if err != nil {
		return err
	}
	to.text = t.arena[start:]
	switch {
	case to.text[0] == '"': // a string, a time, or bytes
		to.form = escaped
		to.text = to.text[1 : len(to.text)-1]
	case string(to.text) == "null": // a nil map or slice
		to.form = absent
	}
	return nil
}

// kindOf names the type of a parsed value as JSON would.
func kindOf(v any) string {
	switch v.(type) {
	case nil, map[string]any:
		return "null"
	case []any:
		return "an array"
	case string, []byte:
		return "a string"
	case bool:
		return "a boolean"
	}
	if text, err := jsonscan.AppendAny(nil, v); err == nil && text[0] != '"' {
		return "a number"
	}
	return fmt.Sprintf("a value of type %T", v)
}
