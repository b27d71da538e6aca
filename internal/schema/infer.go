package schema

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// MaxDepth is the number of groups and lists that columns are nested in. What
// lies deeper is kept as JSON text: engines refuse schemas far less deep than
// the documents that JSON allows.
const MaxDepth = 60

// inferrer looks at records and notes in a tree what it sees.
type inferrer struct {
	rules  *rules
	cursor jsonscan.Cursor
	buffer []byte
}

// record notes what one record holds. A record that no encoder could take
// leaves no trace.
func (in *inferrer) record(root *node, rec *record.Record) {
	if rec.Structured() {
		m, ok := rec.Value.(map[string]any)
		var err error
		if in.buffer, err = jsonscan.AppendAny(in.buffer[:0], rec.Value); ok && err == nil {
			in.object(root, m, 0)
		}
		return
	}
	if jsonscan.Valid(rec.Raw) != nil {
		return
	}
	in.cursor.Reset(rec.Raw)
	if in.cursor.Kind() == jsonscan.Object {
		_, _ = in.json(root, 0) // the document is valid
	}
}

// json notes the value that the cursor is at, and reports whether it is of
// another sort than those before. Errors are impossible in a valid document.
func (in *inferrer) json(n *node, depth int) (conflict bool, err error) {
	c := &in.cursor
	switch kind := c.Kind(); kind {
	case jsonscan.Object:
		return in.jsonObject(n, depth)
	case jsonscan.Array:
		return in.jsonArray(n, depth)
	case jsonscan.String:
		text, err := c.String()
		return in.text(n, text), err
	case jsonscan.Number:
		text, err := c.Number()
		return in.number(n, text), err
	case jsonscan.True, jsonscan.False:
		conflict = n.widen(Bool, false, in.rules)
	case jsonscan.Null, jsonscan.Invalid:
	}
	_, err = c.Skip()
	return conflict, err
}

func (in *inferrer) text(n *node, text []byte) (conflict bool) {
	if n.fitsString(text) {
		return false
	}
	t := String
	if in.rules.timestamps && (n.Type == Unknown || n.Type == Timestamp) {
		if _, ok := scalar.Timestamp(text); ok {
			t = Timestamp
		}
	}
	return n.widen(t, false, in.rules)
}

func (in *inferrer) number(n *node, text []byte) (conflict bool) {
	t, wide := numberType(text)
	if n.fitsNumber(text) {
		n.wide = n.wide || wide
		return false
	}
	return n.widen(t, wide, in.rules)
}

func (in *inferrer) jsonObject(n *node, depth int) (conflict bool, err error) {
	enter, conflict := in.enter(n, emptyObject, Group, depth)
	if !enter {
		_, err = in.cursor.Skip()
		return conflict, err
	}
	if err = in.cursor.EnterObject(); err != nil {
		return conflict, err
	}
	for {
		key, ok, err := in.cursor.NextField()
		if err != nil || !ok {
			return conflict, err
		}
		n.Type = Group
		m := n.index[string(key)] // this conversion does not allocate
		if m == nil || m.Source > 0 {
			m = n.member(string(key), in.rules)
		}
		if m != nil {
			_, err = in.json(m, depth+1)
		} else {
			_, err = in.cursor.Skip()
		}
		if err != nil {
			return conflict, err
		}
	}
}

func (in *inferrer) jsonArray(n *node, depth int) (conflict bool, err error) {
	enter, conflict := in.enter(n, emptyList, List, depth)
	if !enter {
		_, err = in.cursor.Skip()
		return conflict, err
	}
	if err = in.cursor.EnterArray(); err != nil {
		return conflict, err
	}
	for {
		ok, err := in.cursor.NextElement()
		if err != nil || !ok {
			return conflict, err
		}
		if n.Type == JSON { // since an element before was of another sort
			_, err = in.cursor.Skip()
		} else {
			n.Type = List
			var mixed bool
			if mixed, err = in.json(n.elem(), depth+1); mixed {
				n.mixed(in.rules)
			}
		}
		if err != nil {
			return conflict, err
		}
	}
}

// enter notes that a container was seen and reports whether to look inside.
func (in *inferrer) enter(n *node, empty, full Type, depth int) (enter, conflict bool) {
	if depth >= MaxDepth {
		return false, n.widen(JSON, false, in.rules)
	}
	conflict = n.widen(empty, false, in.rules)
	return n.Type == empty || n.Type == full, conflict
}

// numberType returns the type that holds a number. One that neither an int64
// nor a double holds keeps its digits as a string.
func numberType(text []byte) (t Type, wide bool) {
	if v, ok := scalar.PlainInt64(text); ok {
		return Int64, !scalar.ExactDouble(v)
	}
	if !bytes.ContainsAny(text, ".eE") {
		return String, false
	}
	if _, ok := scalar.Double(text); ok {
		return Double, false
	}
	return String, false
}

// value notes a value that a processor has parsed.
func (in *inferrer) value(n *node, v any, depth int) (conflict bool) {
	switch v := v.(type) {
	case nil:
		return false
	case map[string]any:
		enter, conflict := in.enter(n, emptyObject, Group, depth)
		if enter {
			in.object(n, v, depth)
		}
		return conflict
	case []any:
		return in.list(n, v, depth)
	case string:
		return in.text(n, scalar.Bytes(v))
	case json.Number:
		return in.number(n, scalar.Bytes(string(v)))
	}
	t, wide := valueType(v)
	if n.fitsValue(v) {
		n.wide = n.wide || wide
		return false
	}
	return n.widen(t, wide, in.rules)
}

func (in *inferrer) list(n *node, items []any, depth int) (conflict bool) {
	enter, conflict := in.enter(n, emptyList, List, depth)
	for i := 0; enter && i < len(items) && n.Type != JSON; i++ {
		n.Type = List
		if in.value(n.elem(), items[i], depth+1) {
			n.mixed(in.rules)
		}
	}
	return conflict
}

// object notes the members of a parsed object, in the order of their names: a
// map has forgotten the order that they came in.
func (in *inferrer) object(n *node, m map[string]any, depth int) {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		n.Type = Group
		if member := n.member(name, in.rules); member != nil {
			in.value(member, m[name], depth+1)
		}
	}
}

// valueType returns the type of a scalar that a processor has parsed, and
// whether it is an integer that a double cannot hold.
func valueType(v any) (t Type, wide bool) {
	switch v := v.(type) {
	case bool:
		return Bool, false
	case float64, float32:
		return Double, false
	case time.Time:
		return Timestamp, false
	case []byte:
		return Bytes, false
	default:
		if i, ok := Integer(v); ok {
			return Int64, !scalar.ExactDouble(i)
		}
	}
	return String, false
}

// Integer returns the value of any of Go's integer types; ok is false for
// other types and for what an int64 cannot hold.
func Integer(v any) (i int64, ok bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case int16:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case uint:
		return int64(v), uint64(v) <= math.MaxInt64
	case uint32:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint8:
		return int64(v), true
	}
	return 0, false
}
