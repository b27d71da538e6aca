package bitpack

import (
	"encoding/binary"
	"math/bits"
)

// group is how many values are packed at once, and the least that a run within
// a page has. Only what is left at its end may be shorter.
const group = 8

// AppendIndexes appends dictionary indexes, as data pages hold them: the width
// of an index in bits, and runs.
func AppendIndexes(dst []byte, ids []int32) []byte {
	all := int32(0)
	for _, id := range ids {
		all |= id
	}
	width := uint(bits.Len32(uint32(all)))
	dst = append(dst, byte(width))
	if width == 0 {
		return appendRun(dst, len(ids), 0, 0)
	}
	whole := len(ids) / group * group
	for i := 0; i < whole; {
		j := i
		for j < whole && same(ids[j:j+group], ids[i]) {
			j += group
		}
		if j > i {
			dst = appendRun(dst, j-i, uint32(ids[i]), width)
			i = j
			continue
		}
		for j += group; j < whole && !same(ids[j:j+group], ids[j]); {
			j += group
		}
		dst = binary.AppendUvarint(dst, uint64(j-i)/group<<1|1)
		dst = appendPacked(dst, ids[i:j], width)
		i = j
	}
	return appendRuns(dst, ids[whole:], width)
}

func same(ids []int32, id int32) bool {
	_ = ids[group-1]
	return ids[0] == id && ids[1] == id && ids[2] == id && ids[3] == id &&
		ids[4] == id && ids[5] == id && ids[6] == id && ids[7] == id
}

// appendRuns appends values in runs of equal ones, however short.
func appendRuns[T uint8 | int32](dst []byte, values []T, width uint) []byte {
	for i := 0; i < len(values); {
		j := i + 1
		for j < len(values) && values[j] == values[i] {
			j++
		}
		dst = appendRun(dst, j-i, uint32(values[i]), width)
		i = j
	}
	return dst
}

// appendRun appends n equal values.
func appendRun(dst []byte, n int, v uint32, width uint) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= min(width, 8) {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// AppendLevels appends repetition or definition levels of at most most, which
// is not 0, as data pages of version 1 hold them: the length, and runs.
func AppendLevels(dst []byte, levels []uint8, most uint8) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	width := uint(bits.Len8(most))
	whole := len(levels) / group * group
	for i := 0; i < whole; {
		j := i
		for j < whole && eight(levels[j:]) == repeated(levels[i]) {
			j += group
		}
		if j > i {
			dst = appendRun(dst, j-i, uint32(levels[i]), width)
			i = j
			continue
		}
		// Eight equal levels that differ from those before are packed with
		// them, unless more of the same follow.
		for j += group; j < whole && eight(levels[j:]) != repeated(levels[j-group]); {
			j += group
		}
		dst = binary.AppendUvarint(dst, uint64(j-i)/group<<1|1)
		for ; i < j; i += group {
			dst = appendEight(dst, eight(levels[i:]), width)
		}
	}
	dst = appendRuns(dst, levels[whole:], width)
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// AppendEqualLevels appends n levels that are all the same, as AppendLevels
// does.
func AppendEqualLevels(dst []byte, level uint8, n int) []byte {
	start := len(dst)
	dst = appendRun(append(dst, 0, 0, 0, 0), n, uint32(level), 8)
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func eight(levels []uint8) uint64 { return binary.LittleEndian.Uint64(levels) }

func repeated(level uint8) uint64 { return uint64(level) * 0x0101010101010101 }

// appendEight appends the eight bytes of a word with width bits each: it moves
// them together in pairs, then the pairs, then what is left.
func appendEight(dst []byte, word uint64, width uint) []byte {
	const bytes, pairs, fours = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF
	word = word&bytes | word>>8&bytes<<width
	word = word&pairs | word>>16&pairs<<(2*width)
	word = word&fours | word>>32&fours<<(4*width)
	dst = binary.LittleEndian.AppendUint64(dst, word)
	return dst[:len(dst)-int(8-width)]
}
