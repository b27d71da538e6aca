package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// maxStat is the length to which the bounds of byte arrays are cut.
const maxStat = 64

// bounds are the least and the greatest of some values in the order that
// Parquet defines for their type, PLAIN encoded. They are absent when there is
// no value that has a place in the order.
type bounds struct {
	min, max []byte
	ok       bool
	// minCut and maxCut say that a bound is shorter than the value.
	minCut, maxCut bool
}

// boundsOf returns the bounds of the values in [from, to).
func (c *column) boundsOf(from, to int) bounds {
	if from == to {
		return bounds{}
	}
	switch c.physical { //nolint:exhaustive // the types in use
	case format.Boolean:
		return boolBounds(c.bools[from:to])
	case format.Int32, format.Int64:
		return c.intBounds(c.ints[from:to])
	case format.Double, format.Float:
		return c.doubleBounds(c.doubles[from:to])
	case format.FixedLenByteArray:
		return c.fixedBounds(from, to)
	}
	return c.bytesBounds(from, to)
}

func boolBounds(values []byte) bounds {
	lo, hi := byte(1), byte(0)
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	return bounds{min: []byte{lo}, max: []byte{hi}, ok: true}
}

func (c *column) intBounds(values []int64) bounds {
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	return bounds{min: c.plainInt(lo), max: c.plainInt(hi), ok: true}
}

func (c *column) plainInt(v int64) []byte {
	if c.physical == format.Int32 {
		return binary.LittleEndian.AppendUint32(nil, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(v))
}

// doubleBounds leaves out NaN, which has no place in the order, and takes zero
// as both of its signs, as the format demands.
func (c *column) doubleBounds(values []float64) bounds {
	lo, hi := math.Inf(1), math.Inf(-1)
	ok := false
	for _, v := range values {
		if v != v {
			continue
		}
		ok = true
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	if !ok {
		return bounds{}
	}
	if lo == 0 {
		lo = math.Copysign(0, -1)
	}
	if hi == 0 {
		hi = 0
	}
	return bounds{min: c.plainDouble(lo), max: c.plainDouble(hi), ok: true}
}

func (c *column) plainDouble(v float64) []byte {
	if c.physical == format.Float {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
}

func (c *column) fixedBounds(from, to int) bounds {
	lo := c.fixed[from*c.size : (from+1)*c.size]
	hi := lo
	for i := from + 1; i < to; i++ {
		v := c.fixed[i*c.size : (i+1)*c.size]
		if c.compare(v, lo) < 0 {
			lo = v
		}
		if c.compare(v, hi) > 0 {
			hi = v
		}
	}
	return bounds{min: bytes.Clone(lo), max: bytes.Clone(hi), ok: true}
}

// compare orders PLAIN values as the column's type does.
func (c *column) compare(a, b []byte) int {
	switch c.physical { //nolint:exhaustive // the others compare as bytes
	case format.Int32:
		return cmp(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case format.Int64:
		return cmp(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	case format.Float:
		return cmp(math.Float32frombits(binary.LittleEndian.Uint32(a)), math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case format.Double:
		return cmp(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case format.FixedLenByteArray:
		// Decimals are signed: the least first bytes have the sign bit set.
		if c.field.Type == schema.Decimal && a[0]^b[0] >= 0x80 {
			return cmp(int8(a[0]), int8(b[0]))
		}
	}
	return bytes.Compare(a, b)
}

func cmp[T int8 | int32 | int64 | uint64 | float32 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (c *column) bytesBounds(from, to int) bounds {
	lo := c.value(from)
	hi := lo
	visit := func(v []byte) {
		if bytes.Compare(v, lo) < 0 {
			lo = v
		} else if bytes.Compare(v, hi) > 0 {
			hi = v
		}
	}
	switch {
	case c.hasDict && from == 0 && to == c.values:
		for id := range c.dict.len() {
			visit(c.dict.value(int32(id)))
		}
	case c.hasDict:
		met := make([]bool, c.dict.len())
		for _, id := range c.ids[from:to] {
			if !met[id] {
				met[id] = true
				visit(c.dict.value(id))
			}
		}
	default:
		lo, hi = c.plainBounds(from, to)
	}
	return c.cut(lo, hi)
}

// plainBounds returns the least and the greatest value without a dictionary. Of most
// values the first bytes tell that they are neither.
func (c *column) plainBounds(from, to int) (lo, hi []byte) {
	lo = c.value(from)
	hi = lo
	least, greatest := head(lo), head(hi)
	for i := from + 1; i < to; i++ {
		v := c.value(i)
		h := head(v)
		if h > least && h < greatest {
			continue
		}
		if bytes.Compare(v, lo) < 0 {
			lo, least = v, h
		} else if bytes.Compare(v, hi) > 0 {
			hi, greatest = v, h
		}
	}
	return lo, hi
}

// head are the first eight bytes, as a number: of two values, that with the larger one
// is the greater one.
func head(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	h := uint64(0)
	for i, b := range v {
		h |= uint64(b) << (56 - 8*i)
	}
	return h
}

// cut shortens the bounds of byte arrays: a prefix is a lower bound, and a
// prefix with its last part increased is an upper one.
func (c *column) cut(lo, hi []byte) bounds {
	text := c.field.Type != schema.Bytes
	cut := len(lo) > maxStat
	if cut {
		lo = lo[:prefix(lo, text)]
	}
	b := bounds{min: bytes.Clone(lo), max: bytes.Clone(hi), ok: true, minCut: cut}
	if len(hi) <= maxStat {
		return b
	}
	b.max, b.maxCut = increase(hi[:prefix(hi, text)], text), true
	b.ok = b.max != nil
	return b
}

// prefix returns a length of at most maxStat that does not cut a character.
func prefix(b []byte, text bool) int {
	n := maxStat
	for text && n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

// increase returns the least short value that is greater than all that begin
// with b, or nil if there is none.
func increase(b []byte, text bool) []byte {
	for len(b) > 0 {
		if !text {
			if last := len(b) - 1; b[last] < 0xff {
				out := bytes.Clone(b)
				out[last]++
				return out
			}
			b = b[:len(b)-1]
			continue
		}
		r, n := utf8.DecodeLastRune(b)
		b = b[:len(b)-n]
		if r == 0xD7FF {
			r = 0xDFFF // the surrogates are no characters
		}
		if r < utf8.MaxRune && (r != utf8.RuneError || n > 1) {
			return utf8.AppendRune(bytes.Clone(b), r+1)
		}
	}
	return nil
}

// merge extends the bounds to those of another page of the column.
func (b *bounds) merge(other bounds, c *column) {
	switch {
	case !other.ok:
	case !b.ok:
		*b = other
	default:
		// Of equal bounds one may be a value of its page.
		if n := c.compare(other.min, b.min); n < 0 || n == 0 && !other.minCut {
			b.min, b.minCut = other.min, other.minCut
		}
		if n := c.compare(other.max, b.max); n > 0 || n == 0 && !other.maxCut {
			b.max, b.maxCut = other.max, other.maxCut
		}
	}
}
