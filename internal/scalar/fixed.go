package scalar

import (
	"math/big"
	"slices"
)

// MaxPrecision is the largest number of digits of a decimal: what Parquet,
// Avro and the engines that read them have in common.
const MaxPrecision = 38

// UUID converts the usual text of a UUID, with or without hyphens.
func UUID(s []byte) (u [16]byte, ok bool) {
	hyphens := len(s) == 36
	if !hyphens && len(s) != 32 {
		return u, false
	}
	j := 0
	for i := range u {
		if hyphens && (i == 4 || i == 6 || i == 8 || i == 10) {
			if s[j] != '-' {
				return u, false
			}
			j++
		}
		hi, ok1 := hexDigit(s[j])
		lo, ok2 := hexDigit(s[j+1])
		if !ok1 || !ok2 {
			return u, false
		}
		u[i] = hi<<4 | lo
		j += 2
	}
	return u, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// DecimalSize is the number of bytes of the least two's complement integer that
// holds every decimal of the given precision.
func DecimalSize(precision int) int {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	return limit.BitLen()/8 + 1
}

// Decimal64 converts the text of a number to an unscaled integer of at most 18
// digits. It is exact: a number with more digits than precision and scale
// allow is not converted, except for trailing zeros.
func Decimal64(text []byte, precision, scale int) (unscaled int64, ok bool) {
	mantissa, has, negative, exact := split(text)
	if !exact {
		wide, ok := decimalBig(text, precision, scale)
		if !ok || !wide.IsInt64() {
			return 0, false
		}
		return wide.Int64(), true
	}
	for ; has > scale && mantissa != 0; has-- {
		if mantissa%10 != 0 {
			return 0, false
		}
		mantissa /= 10
	}
	for ; has < scale && mantissa != 0; has++ {
		if mantissa >= 1e18 {
			return 0, false
		}
		mantissa *= 10
	}
	if mantissa >= pow10(precision) {
		return 0, false
	}
	return signed(mantissa, negative)
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// AppendDecimal appends the number as a big-endian two's complement integer of
// size bytes. Like Decimal64 it is exact or not at all.
func AppendDecimal(dst, text []byte, precision, scale, size int) ([]byte, bool) {
	unscaled, ok := decimalBig(text, precision, scale)
	if !ok {
		return dst, false
	}
	n := len(dst)
	dst = slices.Grow(dst, size)[:n+size]
	if unscaled.Sign() < 0 {
		// Two's complement: add 2^bits.
		unscaled.Add(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(size)*8))
	}
	unscaled.FillBytes(dst[n:])
	return dst, true
}

// decimalBig is the general case: any spelling, up to MaxPrecision digits.
func decimalBig(text []byte, precision, scale int) (*big.Int, bool) {
	if !isNumber(text) {
		return nil, false
	}
	digits := make([]byte, 0, len(text))
	has, point, i := 0, false, 0
	for ; i < len(text) && text[i]|0x20 != 'e'; i++ {
		if text[i] == '.' {
			point = true
			continue
		}
		digits = append(digits, text[i])
		if point {
			has++
		}
	}
	if i < len(text) {
		exponent, ok := parseExponent(text[i+1:])
		if !ok {
			return nil, false
		}
		has -= exponent
	}
	for has > scale && len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		has--
	}
	v, ok := new(big.Int).SetString(string(digits), 10)
	if !ok || v.Sign() == 0 {
		return v, ok
	}
	if has > scale || scale-has > MaxPrecision || len(digits) > 2*MaxPrecision {
		return nil, false
	}
	v.Mul(v, bigPow10(scale-has))
	return v, v.CmpAbs(bigPow10(precision)) < 0
}

func bigPow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// isNumber accepts what JSON calls a number, and a leading plus or zeros, which
// strings with decimals sometimes have.
func isNumber(text []byte) bool {
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		i++
	}
	digits, point := 0, false
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !point:
			point = true
		case c|0x20 == 'e' && digits > 0:
			return i+1 < len(text)
		default:
			return false
		}
	}
	return digits > 0
}
