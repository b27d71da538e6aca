package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"unicode/utf8"

	"github.com/twmb/avro"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// readDefault gives a field the default that an Avro schema has for it. A field that
// may be null is null where it is missing.
func readDefault(f *Field, from *avro.SchemaField) error {
	if !from.HasDefault || f.Optional {
		return nil
	}
	v, err := inRecords(f, from.Default)
	if err == nil {
		err = f.takes(v)
	}
	if err != nil {
		return fmt.Errorf("its default: %w", err)
	}
	f.Default = v
	return nil
}

// takes says why a record may not have the value in a field.
func (f *Field) takes(v any) error {
	in := &inferrer{rules: &rules{unknown: RejectField, mismatch: Reject}, path: []string{f.Name}}
	_, err := in.value(nodeOf(f, true), v, 1)
	return err
}

var errCharacters = errors.New("bytes are written as characters up to U+00FF")

// inRecords converts a value of an Avro schema to what records have in its place.
func inRecords(f *Field, v any) (any, error) {
	switch f.Type { //nolint:exhaustive // the others are the same in both
	case Bytes, Decimal, UUID:
		return bytesInRecords(f, v)
	case JSON:
		return characters(v), nil
	case List:
		items, ok := v.([]any)
		if !ok {
			return v, nil
		}
		all := make([]any, len(items))
		for i := range items {
			item, err := inRecords(f.Elem, items[i])
			if err != nil {
				return nil, err
			}
			all[i] = item
		}
		return all, nil
	case Map, Group:
		if object, ok := v.(map[string]any); ok {
			return objectInRecords(f, object)
		}
	}
	return v, nil
}

func objectInRecords(f *Field, object map[string]any) (any, error) {
	all := make(map[string]any, len(object))
	add := func(name string, inside *Field, v any) (err error) {
		if all[name], err = inRecords(inside, v); err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
		return nil
	}
	if f.Type == Map {
		for name, v := range object {
			if err := add(name, f.Elem, v); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	for i := range f.Fields {
		m := &f.Fields[i]
		v, ok := object[m.avsc]
		switch {
		case ok:
			if err := add(m.Name, m, v); err != nil {
				return nil, err
			}
		case m.Default != nil:
			all[m.Name] = m.Default
		}
	}
	return all, nil
}

// bytesInRecords converts what Avro has bytes for. In a schema each character is one.
func bytesInRecords(f *Field, v any) (any, error) {
	b, ok := v.([]byte)
	if s, is := v.(string); is && (f.Type != UUID || len(s) != uuidText) {
		for _, c := range s {
			if c > 0xFF {
				return nil, errCharacters
			}
			b = append(b, byte(c))
		}
		ok = true
	}
	switch {
	case !ok:
		return v, nil
	case f.Type == Decimal:
		return decimalInRecords(f, b), nil
	case f.Type == UUID && len(b) == 16:
		return string(scalar.AppendUUID(nil, [16]byte(b))), nil
	case utf8.Valid(b):
		return string(b), nil
	}
	return b, nil
}

const uuidText = 36

// decimalInRecords converts an unscaled integer, the most significant byte first.
func decimalInRecords(f *Field, b []byte) json.Number {
	unscaled := new(big.Int).SetBytes(b)
	sign := ""
	if len(b) > 0 && b[0] >= 0x80 {
		sign = "-"
		unscaled.Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))), unscaled)
	}
	if f.Scale == 0 {
		return json.Number(sign + unscaled.String())
	}
	digits := fmt.Sprintf("%0*s", f.Scale+1, unscaled)
	point := len(digits) - f.Scale
	return json.Number(sign + digits[:point] + "." + digits[point:])
}

// characters makes text of bytes: JSON has none.
func characters(v any) any {
	switch v := v.(type) {
	case []byte:
		return latin1(v)
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = characters(v[i])
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for name := range v {
			all[name] = characters(v[name])
		}
		return all
	}
	return v
}

// latin1 is bytes as Avro writes them in JSON.
func latin1(b []byte) string {
	all := make([]rune, len(b))
	for i, c := range b {
		all[i] = rune(c)
	}
	return string(all)
}

// defaultValue is the default of a field as the Avro schema of a file has it; nil where
// there is none, or none that such a schema can have: in a union of null with another
// type only null is one.
func (b *avroBuilder) defaultValue(f *Field) json.RawMessage {
	if f.Default == nil {
		return nil
	}
	v, ok := b.value(f, f.Default)
	if !ok {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return text
}

// value is a value of a field as Avro schemas have it.
func (b *avroBuilder) value(f *Field, v any) (any, bool) {
	if f.Optional {
		return nil, v == nil
	}
	switch f.Type {
	case Bool:
		is, ok := v.(bool)
		return is, ok
	case Int32, Int64, Timestamp, Date, Time:
		return f.ValueInt64(v)
	case Float:
		d, ok := f.ValueDouble(v)
		return float32(d), ok
	case Double:
		return f.ValueDouble(v)
	case Group:
		object, ok := v.(map[string]any)
		return b.groupValue(f, object, ok)
	case List:
		items, ok := v.([]any)
		all := make([]any, len(items))
		for i := 0; ok && i < len(items); i++ {
			all[i], ok = b.value(f.Elem, items[i])
		}
		return all, ok
	case Map:
		object, ok := v.(map[string]any)
		all := make(map[string]any, len(object))
		for name := range object {
			if all[name], ok = b.value(f.Elem, object[name]); !ok {
				break
			}
		}
		return all, ok
	case Bytes:
		if raw, ok := v.([]byte); ok {
			return latin1(raw), true
		}
	case Unknown, String, Decimal, UUID, JSON:
	}
	return b.textValue(f, v)
}

func (b *avroBuilder) groupValue(f *Field, object map[string]any, ok bool) (any, bool) {
	all := make(map[string]any, len(f.Fields))
	for i := 0; ok && i < len(f.Fields); i++ {
		m := &f.Fields[i]
		v, found := m.In(object)
		if found == 0 {
			v = m.Default
		}
		all[AvroName(m.ColumnName())], ok = b.value(m, v)
	}
	return all, ok
}

// textValue is the value of a field that is text, or bytes.
func (b *avroBuilder) textValue(f *Field, v any) (any, bool) {
	text, err := jsonscan.AppendAny(nil, v)
	if err != nil || v == nil {
		return nil, false
	}
	if text[0] == '"' && f.Type != JSON {
		if text, err = jsonscan.Unquote(nil, text); err != nil {
			return nil, false
		}
	}
	ok := true
	if f.Type == Decimal {
		size := f.Size
		if size == 0 {
			size = scalar.DecimalSize(f.Precision)
		}
		text, ok = scalar.AppendDecimal(nil, text, f.Precision, f.Scale, size)
	}
	if f.Type == Decimal || f.Type == Bytes || b.binary && f.Type != UUID {
		return latin1(text), ok
	}
	return string(text), ok
}
