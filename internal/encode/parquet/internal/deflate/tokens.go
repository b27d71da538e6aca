package deflate

import "math/bits"

// The lengths and distances that the format has.
const (
	leastMatch = 3
	mostMatch  = 258
	window     = 32 << 10
)

// token is a byte, or a length and a distance of what was there before.
type token uint32

const aMatch token = 1 << 31

func match(length, distance int) token {
	return aMatch | token(length-leastMatch)<<16 | token(distance-1)
}

// length is that of a match, less the least one.
func (t token) length() uint8 { return uint8(t >> 16) }

// distance is that of a match, less one.
func (t token) distance() uint32 { return uint32(t & (window - 1)) }

// ranges of numbers have a symbol each: the first number and the bits that say which
// one of the range it is.
type ranges struct {
	first []uint16
	bits  []uint8
}

// lengthRanges and distanceRanges are those of RFC 1951, 3.2.5, less the least length
// and distance.
var (
	lengthRanges   = newRanges(symbols-endOfBlock-1, 2)
	distanceRanges = newRanges(distances, 1)
	lengthSymbols  = newLengthSymbols()
)

// newRanges has a range of so many bits for each of 1<<log symbols, but twice as many
// without any.
func newRanges(n, log int) ranges {
	r := ranges{first: make([]uint16, n), bits: make([]uint8, n)}
	at := 0
	for i := range n {
		r.first[i], r.bits[i] = uint16(at), uint8(max(i>>log-1, 0))
		at += 1 << r.bits[i]
	}
	return r
}

// newLengthSymbols has the index of the range of each length. The longest one has a
// symbol for itself.
func newLengthSymbols() (of [mostMatch - leastMatch + 1]uint8) {
	last := len(lengthRanges.first) - 1
	lengthRanges.first[last], lengthRanges.bits[last] = mostMatch-leastMatch, 0
	for i, first := range lengthRanges.first {
		for n := range 1 << lengthRanges.bits[i] {
			if at := int(first) + n; at < len(of) {
				of[at] = uint8(i)
			}
		}
	}
	of[mostMatch-leastMatch] = uint8(last)
	return of
}

// distanceSymbol is the symbol of a distance, less one.
func distanceSymbol(d uint32) uint8 {
	if d < 4 {
		return uint8(d)
	}
	n := bits.Len32(d) - 2
	return uint8(2*n) + uint8(d>>n)
}
