package bitpack

import (
	"encoding/binary"
	"math/bits"
)

const (
	blockSize = 128
	miniSize  = 32
	miniCount = blockSize / miniSize
)

// AppendDeltas appends values as DELTA_BINARY_PACKED has them: the first one,
// and the differences from one to the next in blocks that have a least
// difference and widths of their own. Differences wrap around.
func AppendDeltas[T int32 | int64](dst []byte, values []T) []byte {
	dst = binary.AppendUvarint(dst, blockSize)
	dst = binary.AppendUvarint(dst, miniCount)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return binary.AppendVarint(dst, 0)
	}
	dst = binary.AppendVarint(dst, int64(values[0]))
	for i := 1; i < len(values); i += blockSize {
		dst = appendBlock(dst, values[i-1], values[i:min(i+blockSize, len(values))])
	}
	return dst
}

// appendBlock appends the differences of at most blockSize values to the ones
// before each.
func appendBlock[T int32 | int64](dst []byte, last T, values []T) []byte {
	var deltas [blockSize]T
	least := values[0] - last
	for i, v := range values {
		deltas[i] = v - last
		least = min(least, deltas[i])
		last = v
	}
	// In a short block the values that are not there count as zeros. It needs
	// more bits for that, but files stay as they have always been.
	if short := blockSize - len(values); short > 0 {
		least = min(least, -last)
		if short > 1 {
			least = min(least, 0)
		}
	}
	dst = binary.AppendVarint(dst, int64(least))
	var above [blockSize]uint64
	widths := aboveLeast(above[:len(values)], deltas[:len(values)], least)
	dst = append(dst, widths[:]...)
	for i, width := range widths {
		if width > 0 {
			dst = appendPacked(dst, above[i*miniSize:(i+1)*miniSize], uint(width))
		}
	}
	return dst
}

// aboveLeast fills above with how much each delta exceeds the least, and
// returns the bits that each miniblock needs for that.
func aboveLeast[T int32 | int64](above []uint64, deltas []T, least T) (widths [miniCount]byte) {
	mask := ^uint64(0)
	if _, narrow := any(least).(int32); narrow {
		mask >>= 32
	}
	for i := 0; i < len(deltas); i += miniSize {
		all := uint64(0)
		for j := i; j < min(i+miniSize, len(deltas)); j++ {
			above[j] = uint64(deltas[j]-least) & mask
			all |= above[j]
		}
		widths[i/miniSize] = byte(bits.Len64(all))
	}
	return widths
}
