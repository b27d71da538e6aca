package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// MaxDepth is the number of nested objects and arrays that is accepted.
const MaxDepth = 1000

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// specials marks, with the high bit of each byte, what ends a plain run inside
// a string: quotes, backslashes, control characters and non-ASCII bytes. Only
// the lowest mark is reliable, because a subtraction borrows from above.
func specials(x uint64) uint64 {
	return (((x ^ ones*'"') - ones) | ((x ^ ones*'\\') - ones) | (x - ones*' ') | x) & highs
}

// plainRun returns an index up to which, from i on, nothing is special inside a
// string: that of the first special byte, or one of the last seven of doc.
func plainRun(doc []byte, i int) int {
	for ; i+8 <= len(doc); i += 8 {
		if m := specials(binary.LittleEndian.Uint64(doc[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	return i
}

// plainEnd returns the index of the first byte from i on that is special
// inside a string, or len(doc).
func plainEnd(doc []byte, i int) int {
	i = plainRun(doc, i)
	for i < len(doc) {
		if c := doc[i]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			break
		}
		i++
	}
	return i
}

const spaceMask = 1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r'

// skipSpace returns the index of the first byte from i on that is not JSON
// white space.
func skipSpace(doc []byte, i int) int {
	for i < len(doc) && doc[i] <= ' ' && spaceMask>>doc[i]&1 != 0 {
		i++
	}
	return i
}

// scanString checks the string that starts with the quote at doc[i]. It
// returns the index after the closing quote and whether there are escapes.
func scanString(doc []byte, i int) (end int, escaped bool, err error) {
	i = plainRun(doc, i+1)
	if i < len(doc) && doc[i] == '"' {
		return i + 1, false, nil
	}
	return scanRest(doc, i)
}

// scanRest is scanString from inside of a string on, behind what is plain.
func scanRest(doc []byte, i int) (end int, escaped bool, err error) {
	for {
		i = plainEnd(doc, i)
		if i >= len(doc) {
			return i, false, syntaxError(doc, i, "the closing quote of a string")
		}
		switch c := doc[i]; {
		case c == '"':
			return i + 1, escaped, nil
		case c == '\\':
			n, err := scanEscape(doc, i)
			if err != nil {
				return i, false, err
			}
			escaped, i = true, i+n
		case c < ' ':
			return i, false, syntaxError(doc, i, "control characters in a string to be escaped")
		default:
			if i, err = scanRunes(doc, i); err != nil {
				return i, false, err
			}
		}
	}
}

// scanRunes checks a run of non-ASCII characters and returns its end.
func scanRunes(doc []byte, i int) (int, error) {
	for i < len(doc) && doc[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(doc[i:])
		if r == utf8.RuneError && n == 1 {
			return i, syntaxError(doc, i, "valid UTF-8 in a string")
		}
		i += n
	}
	return i, nil
}

// scanEscape checks the escape sequence at doc[i] and returns its length.
func scanEscape(doc []byte, i int) (int, error) {
	if i+1 >= len(doc) {
		return 0, syntaxError(doc, i+1, "an escape sequence")
	}
	switch doc[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, nil
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if j >= len(doc) || unhex[doc[j]] < 0 {
				return 0, syntaxError(doc, j, "four hexadecimal digits after \\u")
			}
		}
		return 6, nil
	}
	return 0, syntaxError(doc, i+1, `one of "\/bfnrtu after a backslash`)
}

// unhex gives the value of a hexadecimal digit, -1 for any other byte.
var unhex = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i := range int8(10) {
		t['0'+i] = i
	}
	for i := range int8(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

func isDigit(doc []byte, i int) bool {
	return i < len(doc) && doc[i]-'0' <= 9
}

func skipDigits(doc []byte, i int) int {
	for i+8 <= len(doc) {
		n := digitRun(binary.LittleEndian.Uint64(doc[i:]) ^ ones*'0')
		i += n
		if n < 8 {
			return i
		}
	}
	for i < len(doc) && doc[i]-'0' <= 9 {
		i++
	}
	return i
}

// scanNumber checks the number at doc[i] and returns its end.
func scanNumber(doc []byte, i int) (int, error) {
	if i < len(doc) && doc[i] == '-' {
		i++
	}
	switch {
	case !isDigit(doc, i):
		return i, syntaxError(doc, i, "a digit")
	case doc[i] == '0':
		i++
		if isDigit(doc, i) {
			return i, syntaxError(doc, i, "no digit after a leading zero")
		}
	default:
		i = skipDigits(doc, i+1)
	}
	if i < len(doc) && doc[i] == '.' {
		i++
		if !isDigit(doc, i) {
			return i, syntaxError(doc, i, "a digit after the decimal point")
		}
		i = skipDigits(doc, i+1)
	}
	if i < len(doc) && doc[i]|0x20 == 'e' {
		i++
		if i < len(doc) && (doc[i] == '+' || doc[i] == '-') {
			i++
		}
		if !isDigit(doc, i) {
			return i, syntaxError(doc, i, "a digit in the exponent")
		}
		i = skipDigits(doc, i+1)
	}
	return i, nil
}

// scanLiteral checks that doc continues with lit at i and returns its end.
func scanLiteral(doc []byte, i int, lit string) (int, error) {
	if len(doc)-i >= len(lit) && string(doc[i:i+len(lit)]) == lit {
		return i + len(lit), nil
	}
	for j := range len(lit) {
		if i+j >= len(doc) || doc[i+j] != lit[j] {
			return i, syntaxError(doc, i+j, "the literal "+lit)
		}
	}
	return i, nil // unreachable: a difference was found above
}

// scanValue checks the value that starts at doc[i], inside depth open objects
// and arrays, and returns its end.
func scanValue(doc []byte, i, depth int) (int, error) {
	if i >= len(doc) {
		return i, syntaxError(doc, i, "a value")
	}
	switch kinds[doc[i]] {
	case String:
		end, _, err := scanString(doc, i)
		return end, err
	case Number:
		return scanNumber(doc, i)
	case Object:
		return scanObject(doc, i, depth+1)
	case Array:
		return scanArray(doc, i, depth+1)
	case True:
		return scanLiteral(doc, i, "true")
	case False:
		return scanLiteral(doc, i, "false")
	case Null:
		return scanLiteral(doc, i, "null")
	case Invalid:
	}
	return i, syntaxError(doc, i, "a value")
}

// scanObject checks the object that starts at doc[i]; depth counts it.
func scanObject(doc []byte, i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, syntaxError(doc, i, tooDeep)
	}
	i = skipSpace(doc, i+1)
	if i < len(doc) && doc[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(doc) || doc[i] != '"' {
			return i, syntaxError(doc, i, "a field name in quotes")
		}
		var err error
		if i = plainRun(doc, i+1); i < len(doc) && doc[i] == '"' {
			i++
		} else if i, _, err = scanRest(doc, i); err != nil {
			return i, err
		}
		i = skipSpace(doc, i)
		if i >= len(doc) || doc[i] != ':' {
			return i, syntaxError(doc, i, "a colon after a field name")
		}
		i = skipSpace(doc, i+1)
		if i < len(doc) && doc[i] == '"' {
			i, _, err = scanString(doc, i)
		} else {
			i, err = scanValue(doc, i, depth)
		}
		if err != nil {
			return i, err
		}
		i = skipSpace(doc, i)
		if i >= len(doc) || doc[i] != ',' {
			break
		}
		i = skipSpace(doc, i+1)
	}
	if i < len(doc) && doc[i] == '}' {
		return i + 1, nil
	}
	return i, syntaxError(doc, i, "a comma or } after a field")
}

// scanArray checks the array that starts at doc[i]; depth counts it.
func scanArray(doc []byte, i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, syntaxError(doc, i, tooDeep)
	}
	i = skipSpace(doc, i+1)
	if i < len(doc) && doc[i] == ']' {
		return i + 1, nil
	}
	for {
		var err error
		if i, err = scanValue(doc, i, depth); err != nil {
			return i, err
		}
		i = skipSpace(doc, i)
		if i >= len(doc) || doc[i] != ',' {
			break
		}
		i = skipSpace(doc, i+1)
	}
	if i < len(doc) && doc[i] == ']' {
		return i + 1, nil
	}
	return i, syntaxError(doc, i, "a comma or ] after an element")
}

const tooDeep = "at most 1000 nested objects and arrays"
