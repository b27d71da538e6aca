package csv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// form says how the text of a cell becomes a value.
type form uint8

const (
	absent  form = iota // null or missing: empty
	literal             // numbers and booleans, never quoted
	plain               // a string without escapes: no quotes, no line breaks
	escaped             // a string as JSON spells it, escapes and all
	text                // a string of a parsed record
	nested              // JSON text of an object or array
)

// cell is the value of one field of the record being read.
type cell struct {
	text   []byte
	record uint64
	by     int32 // the name whose value it is
	form   form
}

// appendCell appends the value of a cell.
func (t *table) appendCell(dst []byte, c *cell) []byte {
	switch c.form {
	case absent:
		return append(dst, t.null...)
	case literal:
		return t.appendLiteral(dst, c.text)
	case plain:
		if !t.styled {
			return appendPlain(dst, c.text, t.separator)
		}
	case escaped:
		t.escape = jsonscan.AppendUnescaped(t.escape[:0], c.text)
		return t.appendString(dst, t.escape)
	case nested:
		if mayHaveSpace(c.text) {
			t.escape = jsonscan.AppendCompact(t.escape[:0], c.text)
			return t.appendString(dst, t.escape)
		}
	case text:
	}
	return t.appendString(dst, c.text)
}

// mayHaveSpace tells whether JSON text can have white space between tokens.
func mayHaveSpace(s []byte) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		if (x-ones*(' '+1))&^x&highs != 0 {
			return true
		}
	}
	for ; i < len(s); i++ {
		if s[i] <= ' ' {
			return true
		}
	}
	return false
}

// appendPlain appends a string that is known to hold no quote and no control
// character, as JSON strings without escapes do. It looks for the separator
// while it copies, eight bytes at a time.
func appendPlain(dst, s []byte, separator byte) []byte {
	n, start := len(s), len(dst)
	if n < 8 || n > 64 || s[0] == ' ' || s[n-1] == ' ' {
		return appendOther(dst, s, separator)
	}
	dst = slices.Grow(dst, n)
	to := dst[start : start+n]
	pattern := uint64(separator) * ones
	for i := 0; ; i += 8 {
		i = min(i, n-8) // the last eight may overlap those before
		x := binary.LittleEndian.Uint64(s[i:])
		if d := x ^ pattern; (d-ones)&^d&highs != 0 {
			return appendQuoted(dst, s)
		}
		binary.LittleEndian.PutUint64(to[i:], x)
		if i == n-8 {
			return dst[:start+n]
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// appendOther does what appendPlain does for short and long strings.
func appendOther(dst, s []byte, separator byte) []byte {
	if len(s) == 0 || s[0] == ' ' || s[len(s)-1] == ' ' || bytes.IndexByte(s, separator) >= 0 {
		return appendQuoted(dst, s)
	}
	return append(dst, s...)
}

// appendQuoted puts quotes around a string that holds none.
func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendText appends any string, quoted if it must be.
func appendText(dst, s []byte, separator byte) []byte {
	if !needsQuotes(s, separator) {
		return append(dst, s...)
	}
	return appendDoubled(dst, s)
}

// appendDoubled puts quotes around a string and doubles those inside. It
// copies eight bytes at a time and goes back behind the first quote in them,
// because JSON text is full of quotes.
func appendDoubled(dst, s []byte) []byte {
	dst = append(slices.Grow(dst, 2*len(s)+16), '"')
	i, n := 0, len(dst)
	to := dst[:cap(dst)]
	for i+8 <= len(s) {
		x := binary.LittleEndian.Uint64(s[i:])
		binary.LittleEndian.PutUint64(to[n:], x)
		d := x ^ ones*'"'
		if m := (d - ones) &^ d & highs; m != 0 {
			k := bits.TrailingZeros64(m)>>3 + 1
			i, n = i+k, n+k
			to[n] = '"'
			n++
			continue
		}
		i, n = i+8, n+8
	}
	for ; i < len(s); i++ {
		to[n] = s[i]
		n++
		if s[i] == '"' {
			to[n] = '"'
			n++
		}
	}
	to[n] = '"'
	return to[:n+1]
}

func needsQuotes(s []byte, separator byte) bool {
	if len(s) == 0 || s[0] <= ' ' || s[len(s)-1] <= ' ' {
		return true
	}
	// A line \. ends the data for loaders in the tradition of Postgres.
	if len(s) == 2 && s[0] == '\\' && s[1] == '.' {
		return true
	}
	for _, c := range s {
		if c == separator || c == '"' || c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}
