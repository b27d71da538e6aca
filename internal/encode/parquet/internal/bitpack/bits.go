package bitpack

import (
	"encoding/binary"
	"slices"
)

// appendPacked appends values of width bits each, the least significant bit
// first. The number of values is a multiple of 8, so that they fill bytes.
func appendPacked[T int32 | uint64](dst []byte, values []T, width uint) []byte {
	const spare = 8 // the last word may exceed the values
	at := len(dst)
	end := at + len(values)*int(width)/8
	dst = slices.Grow(dst, end-at+spare)[:end+spare]
	word, used := uint64(0), uint(0)
	for _, v := range values {
		word |= uint64(v) << (used & 63)
		if used += width; used >= 64 {
			binary.LittleEndian.PutUint64(dst[at:], word)
			at += 8
			used -= 64
			word = uint64(v) >> (width - used)
		}
	}
	binary.LittleEndian.PutUint64(dst[at:], word)
	return dst[:end]
}
