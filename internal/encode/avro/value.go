package avro

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// writeValue writes a record that a processor has parsed.
func (w *writer) writeValue(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the record is of type %T, not an object", v)
	}
	if w.source != nil {
		if err := w.schema.Columns.In(m); err != nil {
			return err
		}
	}
	hole, err := w.parsedObject(w.root, m)
	if err != nil {
		return err
	}
	text := w.rescue.Take()
	if text == nil {
		return nil
	}
	if m[schema.RescuedColumn] != nil {
		return fmt.Errorf("the field %q is reserved for values that do not fit", schema.RescuedColumn)
	}
	// A null stands where the rescued values belong, which were not known yet.
	rest := append([]byte(nil), w.buf[hole+1:]...)
	w.buf = w.buf[:hole]
	w.text(w.rescued, text)
	w.buf = append(w.buf, rest...)
	return nil
}

// parsedObject writes an object. hole is where the rescued values are.
func (w *writer) parsedObject(n *node, object map[string]any) (hole int, err error) {
	met := 0
	for _, m := range n.members {
		v, found := m.field.In(object)
		if met += found; found > 1 {
			return 0, m.field.ErrShared()
		}
		if found == 0 {
			v = m.field.Default
		}
		if m == w.rescued {
			hole = len(w.buf)
		}
		if err := w.parsed(m, v); err != nil {
			return 0, err
		}
	}
	if met == len(object) || w.policy.Unknown == schema.Drop {
		return hole, nil
	}
	for name, v := range object {
		if v == nil || n.index[name] != nil || n == w.root && w.schema.Without[name] || w.policy.Unknown == schema.Add && schema.Undecided(v) {
			continue
		}
		if err := w.unknownField(join(n.path, name)); err != nil {
			return 0, err
		}
	}
	return hole, nil
}

// parsed writes a parsed value.
func (w *writer) parsed(n *node, v any) error {
	if v == nil {
		return w.null(n)
	}
	ok := false
	switch n.field.Type {
	case schema.Group:
		if m, is := v.(map[string]any); is {
			w.present(n)
			_, err := w.parsedObject(n, m)
			return err
		}
	case schema.List:
		if items, is := v.([]any); is {
			return w.parsedList(n, items)
		}
	case schema.Map:
		if m, is := v.(map[string]any); is {
			return w.parsedEntries(n, m)
		}
	case schema.JSON:
		var err error
		if w.scratch, err = jsonscan.AppendAny(w.scratch[:0], v); err != nil {
			return fmt.Errorf("field %q: %w", n.path, err)
		}
		w.text(n, w.scratch)
		return nil
	case schema.Bool:
		var b bool
		if b, ok = v.(bool); ok {
			w.bool(n, b)
		}
	case schema.Double, schema.Float:
		var d float64
		if d, ok = n.field.ValueDouble(v); ok {
			w.double(n, d)
		}
	case schema.String, schema.Bytes, schema.UUID, schema.Decimal:
		ok = w.parsedText(n, v)
	default:
		var i int64
		if i, ok = n.field.ValueInt64(v); ok {
			if n.narrow && !scalar.ExactDouble(i) {
				return w.wide(n)
			}
			w.int(n, i)
		}
	}
	if ok {
		return nil
	}
	return w.parsedOther(n, v)
}

func (w *writer) parsedList(n *node, items []any) error {
	w.present(n)
	start := w.openArray()
	w.rescue.Enter()
	for i, item := range items {
		w.rescue.Item(i)
		if err := w.parsed(n.elem, item); err != nil {
			return err
		}
	}
	w.rescue.Leave()
	w.closeArray(start, len(items))
	return nil
}

// parsedText writes a value of a field whose values have a textual form.
func (w *writer) parsedText(n *node, v any) bool {
	switch v := v.(type) {
	case string:
		if n.field.Type == schema.String && !utf8.ValidString(v) {
			v = strings.ToValidUTF8(v, "\uFFFD")
		}
		return w.addString(n, scalar.Bytes(v))
	case []byte:
		return n.field.Type == schema.Bytes && w.bytes(n, v)
	case bool, time.Time, map[string]any, []any:
		return false
	case json.Number:
		return w.addNumber(n, scalar.Bytes(string(v)))
	}
	if n.field.Type != schema.Decimal {
		return false
	}
	text, err := jsonscan.AppendAny(nil, v)
	return err == nil && w.addNumber(n, text)
}

// parsedOther deals with a value that the field does not take as it is.
func (w *writer) parsedOther(n *node, v any) error {
	raw, err := jsonscan.AppendAny(nil, v)
	if err != nil {
		return fmt.Errorf("field %q: %w", n.path, err)
	}
	if !w.takesText(n) {
		return w.mismatch(n, raw)
	}
	if raw[0] == '"' {
		if raw, err = jsonscan.Unquote(nil, raw); err != nil {
			return fmt.Errorf("field %q: %w", n.path, err)
		}
	}
	w.text(n, raw)
	return nil
}
