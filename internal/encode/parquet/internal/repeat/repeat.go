// Package repeat measures what repeats in a text. All that search for matches share it.
package repeat

import (
	"encoding/binary"
	"math/bits"
)

// Length returns how long what is at place and at other is the same. The text ends with
// src, and place comes after other.
func Length(src []byte, place, other int) int {
	const width = 8
	n := 0
	for place+n+width <= len(src) {
		x := binary.LittleEndian.Uint64(src[place+n:]) ^ binary.LittleEndian.Uint64(src[other+n:])
		if x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
		n += width
	}
	for place+n < len(src) && src[place+n] == src[other+n] {
		n++
	}
	return n
}
