package jsonscan

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"
)

// AppendAny appends the JSON text of a parsed message value to dst, in the
// form in which Benthos itself writes it: objects with sorted keys, times as
// RFC 3339, byte slices as base64. On an error dst is returned unchanged; it
// occurs for NaN and infinities, which JSON cannot express, for types that no
// JSON document yields, beyond MaxDepth, and for names that become equal when
// bytes that are not UTF-8 are replaced.
func AppendAny(dst []byte, v any) ([]byte, error) {
	out, err := appendAny(dst, v, 0)
	if err != nil {
		return dst, err
	}
	return out, nil
}

func appendAny(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendQuoteString(dst, v), nil
	case []byte:
		if v == nil {
			return append(dst, "null"...), nil
		}
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v)
		return append(dst, '"'), nil
	case json.Number:
		if end, err := scanNumber(stringBytes(string(v)), 0); err != nil || end != len(v) {
			return dst, fmt.Errorf("%q is not a JSON number", string(v))
		}
		return append(dst, v...), nil
	case time.Time:
		return appendTime(dst, v)
	case map[string]any:
		return appendMap(dst, v, depth+1)
	case []any:
		return appendSlice(dst, v, depth+1)
	}
	return appendNumeric(dst, v)
}

func appendNumeric(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case float64:
		return appendFloat(dst, v, 64)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int8:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int16:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint8:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint16:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint32:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	}
	return dst, fmt.Errorf("a value of type %T cannot be written as JSON", v)
}

func appendMap(dst []byte, m map[string]any, depth int) ([]byte, error) {
	if m == nil {
		return append(dst, "null"...), nil
	}
	if depth > MaxDepth {
		return dst, fmt.Errorf("the value is nested deeper than %d levels", MaxDepth)
	}
	var few [16]string // most objects are small; their keys stay on the stack
	keys, odd := few[:0], false
	for k := range m {
		keys = append(keys, k)
		odd = odd || !utf8.ValidString(k)
	}
	slices.Sort(keys)
	if odd && equalAsText(keys) {
		return dst, errEqualNames
	}
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoteString(dst, k), ':')
		var err error
		if dst, err = appendAny(dst, m[k], depth); err != nil {
			return dst, fmt.Errorf("field %q: %w", k, err)
		}
	}
	return append(dst, '}'), nil
}

var errEqualNames = errors.New("an object has two names that are the same once bytes that are not UTF-8 are replaced")

// equalAsText reports whether two names are the same once they are UTF-8.
func equalAsText(names []string) bool {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		text := string([]rune(name)) // each byte that is none becomes U+FFFD
		if seen[text] {
			return true
		}
		seen[text] = true
	}
	return false
}

func appendSlice(dst []byte, s []any, depth int) ([]byte, error) {
	if s == nil {
		return append(dst, "null"...), nil
	}
	if depth > MaxDepth {
		return dst, fmt.Errorf("the value is nested deeper than %d levels", MaxDepth)
	}
	dst = append(dst, '[')
	for i, e := range s {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendAny(dst, e, depth); err != nil {
			return dst, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(dst, ']'), nil
}

// appendFloat writes f as ECMAScript and encoding/json do: plain digits, or
// an exponent for very small and very large numbers.
func appendFloat(dst []byte, f float64, size int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("%v cannot be written as JSON", f)
	}
	format, abs := byte('f'), math.Abs(f)
	if abs != 0 {
		if size == 64 && (abs < 1e-6 || abs >= 1e21) || size == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21) {
			format = 'e'
		}
	}
	dst = strconv.AppendFloat(dst, f, format, -1, size)
	if n := len(dst); format == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 is written e-9
		dst = dst[:n-1]
	}
	return dst, nil
}

func appendTime(dst []byte, t time.Time) ([]byte, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return dst, fmt.Errorf("the year %d cannot be written in RFC 3339", y)
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"'), nil
}

func appendQuoteString(dst []byte, s string) []byte { return AppendQuote(dst, stringBytes(s)) }

// stringBytes views a string as bytes that must not be modified.
func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) } //nolint:gosec // saves a copy; the bytes are only read
