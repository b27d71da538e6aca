package parquet

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/bitpack"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// layout says how the values of one column chunk are encoded.
type layout struct {
	encoding format.Encoding
	// dictionary is the content of the dictionary page, of size values.
	dictionary []byte
	size       int
	ids        []int32
	// held is the number of bytes by which pages are cut, 0 for what the column holds.
	held int
	// words describes the dictionary, content the data pages.
	words, content content
}

// layout chooses the encoding by what it costs, and says what pages then hold.
func (b *builder) layout(c *column) layout {
	l := b.choose(c)
	own := content{size: c.valueSize(), text: c.physical == format.ByteArray, way: c.way}
	switch l.encoding { //nolint:exhaustive // bits of deltas have nothing to tell
	case format.Plain:
		l.content = own
	case format.RLEDictionary:
		l.words = content{size: own.size, text: own.text}
		if own.text {
			l.words.size = 0
		}
	}
	return l
}

func (b *builder) choose(c *column) layout {
	switch c.physical { //nolint:exhaustive // the others have no choice
	case format.ByteArray:
		switch {
		case c.late:
			return b.lateLayout(c)
		case c.hasDict && dictPays(len(c.ids), c.dict.len(), len(c.dict.data)):
			return b.textLayout(c)
		}
	case format.Int32, format.Int64:
		return b.intLayout(c)
	case format.Double:
		return b.doubleLayout(c)
	}
	return layout{encoding: format.Plain}
}

// dictPays compares the size of ids and dictionary with that of the values.
// It is for so many values, n of them distinct and of size bytes.
func dictPays(values, n, size int) bool {
	if n == 0 || n == values {
		return false
	}
	plain := values * (size/n + 4)
	return values*bits.Len(uint(n))/8+size+4*n < plain
}

// valueSize is how long each value is in a page; 0 where they are not of one size.
func (c *column) valueSize() int {
	switch c.physical {
	case format.Int32, format.Float:
		return 4
	case format.Int64, format.Double:
		return 8
	case format.FixedLenByteArray:
		return c.size
	case format.ByteArray:
		if c.values > 0 {
			return lengthSize + len(c.value(0))
		}
	case format.Boolean:
	}
	return 0
}

// lengthSize is the size of the length in front of a text.
const lengthSize = 4

// even reports whether texts and their lengths are all of one size.
func (c *column) even(from, to, size int) bool {
	if c.hasDict {
		for i := from; i < to; i++ {
			if lengthSize+len(c.value(i)) != size {
				return false
			}
		}
		return true
	}
	end := uint32(0)
	if from > 0 {
		end = c.ends[from-1]
	}
	for _, next := range c.ends[from:to] {
		if end += uint32(size); next != end {
			return false
		}
	}
	return true
}

// values appends the values of a page.
func (b *builder) values(dst []byte, c *column, l *layout, from, to int) []byte {
	if l.encoding == format.RLEDictionary {
		return bitpack.AppendIndexes(dst, l.ids[from:to])
	}
	switch c.physical { //nolint:exhaustive // the types in use
	case format.Boolean:
		return appendBits(dst, c.bools[from:to])
	case format.Int32:
		return b.int32s(dst, c.ints[from:to], l)
	case format.Int64:
		return appendInt64s(dst, c.ints[from:to], l)
	case format.Double:
		dst = slices.Grow(dst, 8*(to-from))
		for _, v := range c.doubles[from:to] {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
		return dst
	case format.Float:
		dst = slices.Grow(dst, 4*(to-from))
		for _, v := range c.doubles[from:to] {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v)))
		}
		return dst
	case format.FixedLenByteArray:
		return append(dst, c.fixed[from*c.size:to*c.size]...)
	}
	return c.appendPlain(dst, from, to)
}

func (c *column) appendPlain(dst []byte, from, to int) []byte {
	if from == to {
		return dst
	}
	if !c.hasDict {
		start := uint32(0)
		if from > 0 {
			start = c.ends[from-1]
		}
		return append(dst, c.plain[start:c.ends[to-1]]...)
	}
	for i := from; i < to; i++ {
		v := c.value(i)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v)))
		dst = append(dst, v...)
	}
	return dst
}

func appendBits(dst, values []byte) []byte {
	for len(values) >= 8 {
		var v byte
		for i, bit := range values[:8] {
			v |= bit << i
		}
		dst = append(dst, v)
		values = values[8:]
	}
	if len(values) > 0 {
		var v byte
		for i, bit := range values {
			v |= bit << i
		}
		dst = append(dst, v)
	}
	return dst
}

func appendInt64s(dst []byte, values []int64, l *layout) []byte {
	if l.encoding == format.DeltaBinaryPacked {
		return bitpack.AppendDeltas(dst, values)
	}
	dst = slices.Grow(dst, 8*len(values))
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	return dst
}

func (b *builder) int32s(dst []byte, values []int64, l *layout) []byte {
	b.narrow = b.narrow[:0]
	for _, v := range values {
		b.narrow = append(b.narrow, int32(v))
	}
	if l.encoding == format.DeltaBinaryPacked {
		return bitpack.AppendDeltas(dst, b.narrow)
	}
	dst = slices.Grow(dst, 4*len(values))
	for _, v := range b.narrow {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return dst
}
