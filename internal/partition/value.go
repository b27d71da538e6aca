package partition

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
)

// appendFound appends the text that Bloblang prints for a JSON value found in
// the bytes. exact keeps numbers digit for digit, as this.x does; json("x")
// passes them through int64 or float64.
func appendFound(dst, raw []byte, kind jsonscan.Kind, exact bool) ([]byte, error) {
	switch kind {
	case jsonscan.String:
		if bytes.IndexByte(raw, '\\') < 0 {
			return append(dst, raw[1:len(raw)-1]...), nil
		}
		return jsonscan.Unquote(dst, raw)
	case jsonscan.Number:
		if exact {
			return append(dst, raw...), nil
		}
		return appendNumber(dst, raw), nil
	case jsonscan.Object, jsonscan.Array:
		return appendCompound(dst, raw)
	default: // true, false, null
		return append(dst, raw...), nil
	}
}

// appendNumber prints a number as Bloblang does after it became an int64 or
// else a float64.
func appendNumber(dst, raw []byte) []byte {
	if plainInteger(raw) {
		return append(dst, raw...)
	}
	text := string(raw)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.AppendInt(dst, n, 10)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return record.AppendFloat(dst, f)
	}
	return append(dst, raw...)
}

// plainInteger reports whether the number is an int64 already printed the way
// strconv would.
func plainInteger(raw []byte) bool {
	if len(raw) > 1 && raw[0] == '-' && raw[1] != '0' {
		raw = raw[1:]
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(raw) <= 18
}

// appendCompound prints an object or array as Bloblang does: with sorted keys,
// so that equal values are equal text.
func appendCompound(dst, raw []byte) ([]byte, error) {
	var value any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return dst, err
	}
	text, err := json.Marshal(value)
	return append(dst, text...), err
}

// appendSanitized appends the text that Bloblang prints for a parsed value that
// json("x") handed out: numbers pass through int64 or float64, and types that
// Bloblang does not know are null.
func appendSanitized(dst []byte, value any) (out []byte, present bool, err error) {
	switch v := value.(type) {
	case json.Number:
		return appendNumber(dst, []byte(v)), true, nil
	case float32:
		return record.AppendFloat(dst, float64(v)), true, nil
	case json.RawMessage:
		return append(dst, v...), true, nil
	case string, []byte, bool, []any, map[string]any, time.Time, float64,
		int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		out, err = record.AppendText(dst, value)
		return out, true, err
	default:
		return dst, false, nil
	}
}

// search follows a path through a parsed value the way Bloblang does: names in
// objects, indexes in arrays. What is absent is nil.
func search(value any, path []string) any {
	for _, segment := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[segment]
		case []any:
			index, err := strconv.Atoi(segment)
			if err != nil || index < 0 || index >= len(v) {
				return nil
			}
			value = v[index]
		default:
			return nil
		}
	}
	return value
}
