package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// The quick ways take what most documents are made of, in one go. When they
// report false nothing was consumed, and the thorough methods go on.

// TryField consumes the next field name and its colon if they are exactly those of
// the token, with no white space around. A caller that predicts the order of fields
// saves scanning and looking up the name; when TryField reports false nothing was
// consumed and NextField goes on.
func (c *Cursor) TryField(token *Token) bool {
	doc, i := c.doc, c.pos
	if !c.first {
		if i >= len(doc) || doc[i] != ',' {
			return false
		}
		i++
	}
	if !token.quick(doc, i) && !token.slow(doc, i) {
		return false
	}
	c.pos = i + len(token.text)
	c.first = false
	return true
}

// TryPlain consumes a string of ASCII without escapes and returns what stands
// between its quotes, which aliases the document. When ok is false nothing was
// consumed, and Text, or another method, goes on.
func (c *Cursor) TryPlain() (text []byte, ok bool) {
	doc, i := c.doc, c.pos
	if i >= len(doc) || doc[i] != '"' {
		return nil, false
	}
	i = plainRun(doc, i+1)
	if i >= len(doc) || doc[i] != '"' {
		return nil, false
	}
	text = doc[c.pos+1 : i]
	c.pos = i + 1
	return text, true
}

// TryString consumes a string and returns it as String does. When ok is false,
// because the next byte is no quote or the string is not valid, nothing was
// consumed, and String goes on or says what is wrong.
func (c *Cursor) TryString() (text []byte, ok bool) {
	doc, i := c.doc, c.pos
	if i >= len(doc) || doc[i] != '"' {
		return nil, false
	}
	i = plainRun(doc, i+1)
	if i >= len(doc) || doc[i] != '"' {
		return c.tryRest(i)
	}
	text = doc[c.pos+1 : i]
	c.pos = i + 1
	return text, true
}

// tryRest is TryString from i on, up to where the string is plain.
func (c *Cursor) tryRest(i int) (text []byte, ok bool) {
	end, escaped, err := scanRest(c.doc, i)
	if err != nil {
		return nil, false
	}
	text = c.doc[c.pos+1 : end-1]
	if escaped {
		c.scratch = AppendUnescaped(c.scratch[:0], text)
		text = c.scratch
	}
	c.pos = end
	return text, true
}

// TryBool consumes true or false. When ok is false nothing was consumed, and
// Bool goes on.
func (c *Cursor) TryBool() (v, ok bool) {
	rest := c.doc[c.pos:]
	switch {
	case len(rest) >= 4 && string(rest[:4]) == "true":
		c.pos += 4
		return true, true
	case len(rest) >= 5 && string(rest[:5]) == "false":
		c.pos += 5
		return false, true
	}
	return false, false
}

// TryNull consumes null. When it reports false nothing was consumed, and Kind
// and Null go on.
func (c *Cursor) TryNull() bool {
	rest := c.doc[c.pos:]
	if len(rest) < 4 || string(rest[:4]) != "null" {
		return false
	}
	c.pos += 4
	return true
}

// TryInt consumes an integer of at most 18 digits, without fraction and
// exponent, other than -0. When ok is false nothing was consumed, and Number goes on.
func (c *Cursor) TryInt() (v int64, ok bool) {
	doc, start := c.doc, c.pos
	i := start
	if i < len(doc) && doc[i] == '-' {
		i++
	}
	first := i
	magnitude, i := digits(doc, i, 0)
	switch n := i - first; {
	case n == 0 || n > mostDigits || doc[first] == '0' && (n > 1 || first > start):
		return 0, false
	case i < len(doc) && (doc[i] == '.' || doc[i]|0x20 == 'e'):
		return 0, false
	}
	if v = int64(magnitude); first > start {
		v = -v
	}
	c.pos = i
	return v, true
}

// mostDigits is how many digits fit into 64 bits, whichever they are, and leave
// room for a sign.
const mostDigits = 18

// digits reads the digits from doc[i] on behind those of v, and returns where
// they end. More than [mostDigits] in all overflow.
func digits(doc []byte, i int, v uint64) (sum uint64, end int) {
	for i+8 <= len(doc) {
		x := binary.LittleEndian.Uint64(doc[i:]) ^ ones*'0'
		n := digitRun(x)
		v = v*powers[n] + eightDigits(x<<(64-8*n))
		i += n
		if n < 8 {
			return v, i
		}
	}
	for i < len(doc) && doc[i]-'0' <= 9 {
		v = v*10 + uint64(doc[i]-'0')
		i++
	}
	return v, i
}

// digitRun returns how many bytes of x, from the lowest on, are at most nine.
func digitRun(x uint64) int {
	// Only the lowest mark is reliable, because a sum carries into those above.
	return bits.TrailingZeros64((x+ones*(0x80-10)|x)&highs) >> 3
}

// eightDigits returns the number of which x has the digits, the first one in the
// lowest byte: pairs of them, then fours, then all.
func eightDigits(x uint64) uint64 {
	x = x * (10<<8 + 1) >> 8 & 0x00FF00FF00FF00FF
	x = x * (100<<16 + 1) >> 16 & 0x0000FFFF0000FFFF
	return x * (10_000<<32 + 1) >> 32
}

var powers = [...]uint64{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000}

// TryNumber consumes a number and returns its text. When ok is false nothing was
// consumed, and Number says what is wrong.
func (c *Cursor) TryNumber() (text []byte, ok bool) {
	start := c.pos
	end, err := scanNumber(c.doc, start)
	if err != nil {
		return nil, false
	}
	c.pos = end
	return c.doc[start:end], true
}

// TryDecimal consumes a number of at most 18 digits without an exponent, and
// returns it as a whole number of 10^-scale together with its text, which has
// the sign. When ok is false nothing was consumed, and Number goes on.
func (c *Cursor) TryDecimal() (text []byte, mantissa uint64, scale int, ok bool) {
	doc, start := c.doc, c.pos
	i := start
	if i < len(doc) && doc[i] == '-' {
		i++
	}
	first := i
	mantissa, i = digits(doc, i, 0)
	n := i - first
	if n == 0 || n > 1 && doc[first] == '0' {
		return nil, 0, 0, false
	}
	if i < len(doc) && doc[i] == '.' {
		point := i + 1
		mantissa, i = digits(doc, point, mantissa)
		if scale = i - point; scale == 0 {
			return nil, 0, 0, false
		}
	}
	if n+scale > mostDigits || i < len(doc) && doc[i]|0x20 == 'e' {
		return nil, 0, 0, false
	}
	c.pos = i
	return doc[start:i], mantissa, scale, true
}
