package parquet

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

// writeValue adds a record that a processor has parsed.
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
	if err := w.parsedObject(w.root, m, 0); err != nil {
		return err
	}
	return w.endRecord()
}

func (w *writer) parsedObject(n *node, object map[string]any, rep uint8) error {
	met := 0
	for _, m := range n.members {
		v, found := m.field.In(object)
		if met += found; found > 1 {
			return m.field.ErrShared()
		}
		if n == w.root {
			if found == 0 || v == nil && m.field.Optional {
				continue
			}
			for _, leaf := range m.leaves {
				leaf.begin(w.row)
			}
		}
		if found == 0 {
			v = m.field.Default
		}
		if err := w.parsed(m, v, rep); err != nil {
			return err
		}
	}
	if met == len(object) || w.policy.Unknown == schema.Drop {
		return nil
	}
	for name, v := range object {
		if v == nil || n.index[name] != nil || n == w.root && w.schema.Without[name] || w.policy.Unknown == schema.Add && schema.Undecided(v) {
			continue
		}
		return w.unknownField(join(n.path, name))
	}
	return nil
}

// parsed adds a parsed value.
func (w *writer) parsed(n *node, v any, rep uint8) error {
	if v == nil {
		return w.null(n, rep)
	}
	ok := false
	switch n.field.Type {
	case schema.Group:
		if m, is := v.(map[string]any); is {
			return w.parsedObject(n, m, rep)
		}
	case schema.List:
		if items, is := v.([]any); is {
			return w.parsedList(n, items, rep)
		}
	case schema.Map:
		if m, is := v.(map[string]any); is {
			return w.parsedEntries(n, m, rep)
		}
	case schema.JSON:
		var err error
		if w.scratch, err = jsonscan.AppendAny(w.scratch[:0], v); err != nil {
			return fmt.Errorf("field %q: %w", n.path, err)
		}
		n.column.addBytes(rep, w.scratch)
		return nil
	case schema.Bool:
		var b bool
		if b, ok = v.(bool); ok {
			n.column.addBool(rep, b)
		}
	case schema.Double, schema.Float:
		var d float64
		if d, ok = n.field.ValueDouble(v); ok {
			n.column.addDouble(rep, d)
		}
	case schema.String, schema.Bytes, schema.UUID, schema.Decimal:
		ok = w.parsedText(n, v, rep)
	default:
		var i int64
		if i, ok = n.field.ValueInt64(v); ok {
			if n.narrow && !scalar.ExactDouble(i) {
				return w.wide(n)
			}
			n.column.addInt(rep, i)
		}
	}
	if ok {
		return nil
	}
	return w.parsedOther(n, v, rep)
}

func (w *writer) parsedList(n *node, items []any, rep uint8) error {
	if len(items) == 0 {
		w.empty(n, rep)
		return nil
	}
	w.rescue.Enter()
	for i, item := range items {
		w.rescue.Item(i)
		if err := w.parsed(n.elem, item, rep); err != nil {
			return err
		}
		rep = n.rep
	}
	w.rescue.Leave()
	return nil
}

// parsedEntries adds a map, in the order of its keys.
func (w *writer) parsedEntries(n *node, object map[string]any, rep uint8) error {
	names, err := schema.MapKeys(object)
	if err != nil {
		return fmt.Errorf("field %q: %w", n.path, err)
	}
	if len(names) == 0 {
		w.empty(n, rep)
		return nil
	}
	w.rescue.Enter()
	for _, name := range names {
		key := scalar.Bytes(schema.MapKey(name))
		if w.rescued != nil {
			w.rescue.Key(key)
		}
		n.keys.addBytes(rep, key)
		if err := w.parsed(n.elem, object[name], rep); err != nil {
			return err
		}
		rep = n.rep
	}
	w.rescue.Leave()
	return nil
}

// parsedText adds a value to a column whose values have a textual form.
func (w *writer) parsedText(n *node, v any, rep uint8) bool {
	switch v := v.(type) {
	case string:
		text := scalar.Bytes(v)
		if n.field.Type == schema.String && !utf8.ValidString(v) {
			text = scalar.Bytes(strings.ToValidUTF8(v, "\uFFFD"))
		}
		return w.addString(n, rep, text)
	case []byte:
		if n.field.Type == schema.Bytes && n.field.OfSize(len(v)) {
			n.column.addBytes(rep, v)
			return true
		}
		return false
	case bool, time.Time, map[string]any, []any:
		return false
	case json.Number:
		return w.addNumber(n, rep, scalar.Bytes(string(v)))
	}
	if n.field.Type != schema.Decimal {
		return false
	}
	var err error
	w.scratch, err = jsonscan.AppendAny(w.scratch[:0], v)
	return err == nil && w.addNumber(n, rep, w.scratch)
}

// parsedOther deals with a value that the column does not take as it is.
func (w *writer) parsedOther(n *node, v any, rep uint8) error {
	raw, err := jsonscan.AppendAny(nil, v)
	if err != nil {
		return fmt.Errorf("field %q: %w", n.path, err)
	}
	if !w.takesText(n) {
		return w.mismatch(n, rep, raw)
	}
	if raw[0] == '"' {
		if raw, err = jsonscan.Unquote(nil, raw); err != nil {
			return fmt.Errorf("field %q: %w", n.path, err)
		}
	}
	n.column.addBytes(rep, raw)
	return nil
}
