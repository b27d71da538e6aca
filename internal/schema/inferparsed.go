package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// parsedRecord notes a record that a processor has parsed.
func (in *inferrer) parsedRecord(root *node, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the record is of type %T, not an object", v)
	}
	var err error
	if in.buffer, err = jsonscan.AppendAny(in.buffer[:0], v); err != nil {
		return err
	}
	return in.members(root, m, 0)
}

// members notes the members of a parsed object, in the order of their names: a
// map has forgotten the order that they came in.
func (in *inferrer) members(n *node, object map[string]any, depth int) error {
	stamp := in.stamp(n, depth)
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		in.any = true
		m := n.index[name]
		if m == nil || m.Source > 0 {
			var err error
			if m, err = in.unknown(n, name, object[name] == nil); err != nil {
				return err
			}
		}
		if m == nil {
			continue
		}
		if m.stamp == stamp { // under another name
			return m.ErrShared()
		}
		m.stamp = stamp
		in.enter(name)
		if _, err := in.value(m, object[name], depth+1); err != nil {
			return err
		}
		in.leave()
		if depth > 0 && n.manyNames(in.rules) {
			n.toMap(in.rules)
			return nil
		}
	}
	return in.complete(n, stamp)
}

// value notes a value that a processor has parsed.
func (in *inferrer) value(n *node, v any, depth int) (conflict bool, err error) {
	switch v := v.(type) {
	case nil:
		return false, in.null(n)
	case map[string]any:
		look, conflict, err := in.container(n, Group, depth, Undecided(v), in.rawOf(v))
		if !look || err != nil {
			return conflict, err
		}
		return conflict, in.inside(n, v, depth)
	case []any:
		look, conflict, err := in.container(n, List, depth, Undecided(v), in.rawOf(v))
		if !look || err != nil {
			return conflict, err
		}
		return conflict, in.items(n, v, depth)
	case string:
		return in.text(n, scalar.Bytes(v))
	case json.Number:
		return in.number(n, scalar.Bytes(string(v)))
	}
	t, wide := in.valueType(v)
	if n.fitsValue(v) {
		in.wider(n, wide)
		return false, nil
	}
	return in.note(n, t, wide, in.rawOf(v))
}

// rawOf is the text of a parsed value, where an error may need it.
func (in *inferrer) rawOf(v any) []byte {
	if in.rules.widens() {
		return nil
	}
	raw, _ := jsonscan.AppendAny(nil, v) // the whole record can be written
	return raw
}

// Undecided is jsonscan.Undecided for a parsed value.
func Undecided(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, member := range v {
			if !Undecided(member) {
				return false
			}
		}
		return true
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !Undecided(item) })
	}
	return false
}

func (in *inferrer) items(n *node, items []any, depth int) error {
	in.enter("[]")
	defer in.leave()
	for i := 0; i < len(items) && n.Type == List; i++ {
		mixed, err := in.value(n.elem(in.rules), items[i], depth+listDepth)
		if err != nil {
			return err
		}
		if mixed {
			n.mixed(in.rules)
		}
	}
	return nil
}

func (in *inferrer) text(n *node, text []byte) (conflict bool, err error) {
	if n.fitsString(text) {
		return false, nil
	}
	t := String
	if in.rules.timestamps && (n.Type == Unknown || n.Type == Timestamp) {
		if _, ok := (&Field{Zone: in.rules.zone}).timestamp(text); ok {
			t = Timestamp
		}
	}
	var raw []byte
	if !in.rules.widens() {
		raw = jsonscan.AppendQuote(nil, text)
	}
	return in.note(n, t, false, raw)
}

func (in *inferrer) number(n *node, text []byte) (conflict bool, err error) {
	t, wide := in.numberType(text)
	if n.fitsNumber(text) {
		in.wider(n, wide)
		return false, nil
	}
	return in.note(n, t, wide, text)
}

// wider notes an integer that fits, but that a double would not hold.
func (in *inferrer) wider(n *node, wide bool) {
	if wide && n.Type == Int64 {
		n.widen(Int64, true, in.rules)
	}
}

// numberType returns the type that holds a number with all its digits. One that
// none holds keeps them as a string.
func (in *inferrer) numberType(text []byte) (t Type, wide bool) {
	v, plain := scalar.PlainInt64(text)
	if plain && !scalar.NegativeZero(text) {
		return Int64, !scalar.ExactDouble(v)
	}
	switch in.rules.numbers {
	case Decimals:
		if _, ok := scalar.AppendDecimal(nil, text, inferredPrecision, inferredScale, scalar.DecimalSize(inferredPrecision)); ok {
			return Decimal, false
		}
		return String, false
	case Doubles:
		if _, ok := scalar.Double(text); ok {
			return Double, false
		}
		return String, false
	case Exact:
	}
	if !bytes.ContainsAny(text, ".eE") && !plain {
		return String, false
	}
	if v, ok := scalar.Double(text); ok && scalar.GivesBack(v, text) {
		return Double, false
	}
	return String, false
}

// valueType returns the type of a scalar that a processor has parsed, and
// whether it is an integer that a double cannot hold.
func (in *inferrer) valueType(v any) (t Type, wide bool) {
	switch v := v.(type) {
	case bool:
		return Bool, false
	case float64, float32:
		if in.rules.numbers == Decimals {
			text, err := jsonscan.AppendAny(nil, v)
			if err == nil {
				return in.numberType(text)
			}
		}
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
