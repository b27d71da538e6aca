// Package scalar converts the text of JSON numbers and strings into the values
// that typed columns hold, exactly or not at all, and without allocating.
package scalar

import (
	"math"
	"strconv"
	"unsafe"
)

// maxExact is the largest integer up to which every integer is a float64.
const maxExact = 1 << 53

// Text views bytes as a string that is valid as long as they do not change.
func Text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) } //nolint:gosec // a view, as documented

// Bytes views a string as bytes that must not be modified.
func Bytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) } //nolint:gosec // a view, as documented

// Int64 converts the text of a JSON number that is an integer of 64 bits, such
// as 12, -3, 1e3 or 2.0; ok is false for any other number.
func Int64(text []byte) (v int64, ok bool) {
	if v, ok = PlainInt64(text); ok {
		return v, true
	}
	mantissa, scale, negative, exact := split(text)
	if !exact {
		return 0, false
	}
	for ; scale > 0; scale-- {
		if mantissa%10 != 0 {
			return 0, false
		}
		mantissa /= 10
	}
	for ; scale < 0 && mantissa != 0; scale++ {
		if mantissa > math.MaxUint64/10 {
			return 0, false
		}
		mantissa *= 10
	}
	return signed(mantissa, negative)
}

// Scaled converts a number times 10^digits to an integer, rounded towards the
// past: with digits of 6, seconds with a fraction to microseconds.
func Scaled(text []byte, digits int) (v int64, ok bool) {
	mantissa, scale, negative, exact := split(text)
	if !exact {
		return 0, false
	}
	cut := false
	for scale -= digits; scale > 0 && mantissa != 0; scale-- {
		cut = cut || mantissa%10 != 0
		mantissa /= 10
	}
	for ; scale < 0 && mantissa != 0; scale++ {
		if mantissa > math.MaxUint64/10 {
			return 0, false
		}
		mantissa *= 10
	}
	if cut && negative {
		mantissa++
	}
	return signed(mantissa, negative)
}

func signed(u uint64, negative bool) (int64, bool) {
	switch {
	case !negative && u <= math.MaxInt64:
		return int64(u), true
	case negative && u <= 1<<63:
		return -int64(u), true
	}
	return 0, false
}

// PlainInt64 is Int64 for numbers without fraction and exponent.
func PlainInt64(text []byte) (v int64, ok bool) {
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	var u uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		u = u*10 + uint64(c)
	}
	return signed(u, negative)
}

// split reads a number as mantissa x 10^-scale. exact is false when the
// mantissa has more digits than fit or the exponent is beyond all types.
func split(text []byte) (mantissa uint64, scale int, negative, exact bool) {
	i := 0
	if i < len(text) && text[i] == '-' {
		negative = true
		i++
	}
	point := false
	digits := 0
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c -= '0'; c > 9 {
			break
		}
		if mantissa > (math.MaxUint64-9)/10 {
			return 0, 0, negative, false
		}
		mantissa = mantissa*10 + uint64(c)
		digits++
		if point {
			scale++
		}
	}
	if digits == 0 {
		return 0, 0, negative, false
	}
	if i == len(text) {
		return mantissa, scale, negative, true
	}
	if text[i]|0x20 != 'e' || i+1 == len(text) {
		return 0, 0, negative, false
	}
	exponent, ok := parseExponent(text[i+1:])
	return mantissa, scale - exponent, negative, ok
}

func parseExponent(text []byte) (exponent int, ok bool) {
	negative := text[0] == '-'
	if negative || text[0] == '+' {
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, false
		}
		if exponent = exponent*10 + int(c); exponent > 1000 {
			return 0, false
		}
	}
	if negative {
		return -exponent, true
	}
	return exponent, true
}

var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// Double converts the text of a JSON number to the nearest float64; ok is
// false when it is out of range.
func Double(text []byte) (v float64, ok bool) {
	if mantissa, scale, negative, exact := split(text); exact {
		if v, ok = DecimalDouble(mantissa, scale, negative); ok {
			return v, true
		}
	}
	v, err := strconv.ParseFloat(Text(text), 64)
	return v, err == nil
}

// Float converts the text of a JSON number to the nearest float32; ok is false
// when it is out of range. exact says that it gives the number back digit for
// digit.
func Float(text []byte) (v float32, exact, ok bool) {
	wide, err := strconv.ParseFloat(Text(text), 32)
	if err != nil {
		return 0, false, false
	}
	var buf [32]byte
	return float32(wide), sameNumber(strconv.AppendFloat(buf[:0], wide, 'e', -1, 32), text), true
}

// DecimalDouble returns mantissa x 10^-scale as the nearest float64 where one
// operation gives it: when a float64 holds both the mantissa and the power of
// ten exactly (Clinger's fast path). Otherwise ok is false.
func DecimalDouble(mantissa uint64, scale int, negative bool) (v float64, ok bool) {
	if mantissa > maxExact || scale < -22 || scale > 22 {
		return 0, false
	}
	v = float64(mantissa)
	if scale > 0 {
		v /= powers[scale]
	} else {
		v *= powers[-scale]
	}
	if negative {
		v = -v
	}
	return v, true
}

// ExactDouble reports whether a float64 holds the integer v exactly, together
// with all integers nearer to zero.
func ExactDouble(v int64) bool { return v >= -maxExact && v <= maxExact }

// NegativeZero reports whether a number is zero with a minus sign, which only a
// float64 tells from zero.
func NegativeZero(text []byte) bool {
	if len(text) < 2 || text[0] != '-' {
		return false
	}
	for _, c := range text[1:] {
		if c|0x20 == 'e' {
			break
		}
		if c != '0' && c != '.' {
			return false
		}
	}
	return true
}

// surelyExact bounds the mantissas that every float64 gives back: fifteen
// digits.
const surelyExact = 1e15

// SurelyExact reports whether a float64 that was read from a number of that
// mantissa gives all of its digits back, without looking at them. It holds where
// [DecimalDouble] took the number.
func SurelyExact(mantissa uint64) bool { return mantissa < surelyExact }

// GivesBack reports whether v, which was read from text, gives it back digit for
// digit: whether the shortest text of v is the same number. How the number is
// written, as 1.50 or as 15e-1, does not count.
func GivesBack(v float64, text []byte) bool {
	if mantissa, scale, _, exact := split(text); exact && SurelyExact(mantissa) && scale >= -22 && scale <= 22 {
		return true
	}
	var buf [32]byte
	return sameNumber(strconv.AppendFloat(buf[:0], v, 'e', -1, 64), text)
}

// sameNumber compares two numbers by their digits.
func sameNumber(a, b []byte) bool {
	var bufA, bufB [64]byte
	digitsA, pointA, okA := digitsOf(bufA[:0], a)
	digitsB, pointB, okB := digitsOf(bufB[:0], b)
	return okA && okB && string(digitsA) == string(digitsB) && (pointA == pointB || len(digitsA) == 0)
}

// digitsOf returns the digits of a number without zeros at either end, and where
// the point is, counted from the first of them.
func digitsOf(dst, text []byte) (digits []byte, point int, ok bool) {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	fraction := false
	for i, c := range text {
		switch {
		case c == '.':
			fraction = true
		case c|0x20 == 'e':
			exponent, ok := parseExponent(text[i+1:])
			return trimZeros(dst), point + exponent, ok
		case c == '0' && len(dst) == 0:
			if fraction {
				point--
			}
		default:
			dst = append(dst, c)
			if !fraction {
				point++
			}
		}
	}
	return trimZeros(dst), point, true
}

func trimZeros(digits []byte) []byte {
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return digits
}
