package rows

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gofrs/uuid/v5"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// appendRecord appends a record, in the order and with the names of the columns.
func appendRecord(dst []byte, fields []schema.Field, values map[string]any) []byte {
	dst = append(dst, '{')
	for i := range fields {
		f := &fields[i]
		dst = appendName(dst, f.Name)
		dst = appendValue(dst, f, values[f.ColumnName()])
	}
	return append(dst, '}')
}

// appendName appends the name of the next field of an object.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(appendString(dst, name), ':')
}

// appendValue appends a value of a column as records have such values.
func appendValue(dst []byte, f *schema.Field, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...)
	case map[string]any:
		if f.Type == schema.Group {
			return appendRecord(dst, f.Fields, v)
		}
		dst = append(dst, '{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			dst = appendValue(appendName(dst, name), elementOf(f), v[name])
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, elementOf(f), v[i])
		}
		return append(dst, ']')
	case time.Time:
		return appendString(dst, v.UTC().Format(layoutOf(f)))
	case time.Duration:
		return appendString(dst, time.Unix(0, 0).UTC().Add(v).Format("15:04:05.999999999"))
	case *big.Rat:
		return append(dst, v.FloatString(digits(f, v))...)
	case [16]byte:
		return appendString(dst, uuid.UUID(v).String())
	case []byte:
		return appendBytes(dst, f, v)
	case string:
		return appendString(dst, v)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case float64:
		return appendFloat(dst, v, 64)
	}
	return appendOther(dst, value)
}

// elementOf is the type of what is in a list or a map. What is in a column of several
// types has none.
func elementOf(f *schema.Field) *schema.Field {
	if f.Elem != nil {
		return f.Elem
	}
	return &schema.Field{Type: schema.JSON}
}

// layoutOf is how a moment is written.
func layoutOf(f *schema.Field) string {
	switch {
	case f.Type == schema.Date:
		return time.DateOnly
	case f.Local:
		return "2006-01-02T15:04:05.999999999"
	}
	return time.RFC3339Nano
}

// digits are those behind the point: of a column of decimals all that it has.
func digits(f *schema.Field, v *big.Rat) int {
	if f.Type == schema.Decimal {
		return f.Scale
	}
	n, _ := v.FloatPrec()
	return n
}

// appendBytes appends bytes: JSON in a column of that, text where it is text, else as
// base64.
func appendBytes(dst []byte, f *schema.Field, v []byte) []byte {
	if f.Type == schema.JSON && json.Valid(v) {
		var line bytes.Buffer
		_ = json.Compact(&line, v) // it is valid
		return append(dst, line.Bytes()...)
	}
	if utf8.Valid(v) {
		return appendString(dst, string(v))
	}
	return appendString(dst, base64.StdEncoding.EncodeToString(v))
}

// appendFloat appends a number, or the name of what is none.
func appendFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 0):
		return appendString(dst, strconv.FormatFloat(v, 'f', -1, bits))
	}
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bits)
}

// appendOther appends integers and booleans, whose text is JSON, and numbers as text.
func appendOther(dst []byte, value any) []byte {
	switch v := value.(type) {
	case bool, int32, int64, uint32, uint64, json.Number:
		return fmt.Append(dst, v)
	}
	return appendString(dst, fmt.Sprint(value))
}

// appendString appends a string as JSON, with what is no UTF-8 replaced.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(dst, '"'), s...), '"')
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be written
	return append(dst, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}
