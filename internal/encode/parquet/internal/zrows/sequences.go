package zrows

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// sequence is some literals and what follows them and was there before.
type sequence struct {
	literals, match uint32
	offset          uint32 // as the format has it: 1 to 3 are those used last
}

// The three kinds of numbers that a sequence has, in the order of their tables.
const (
	literalCode = iota
	offsetCode
	matchCode
)

// mostBits are the bits of the largest table of each kind.
var mostBits = [3]int{literalCode: 9, offsetCode: 8, matchCode: 9}

const leastMatch = 3

// offsets are the distances that were used last, the latest first.
type offsets [3]uint32

func (o *offsets) reset() { *o = offsets{1, 4, 8} }

// number returns what a sequence says for a distance, and notes its use.
func (o *offsets) number(distance, literals uint32) uint32 {
	n := distance + 3
	switch {
	case literals == 0: // the numbers mean something else, which hardly ever comes
	case distance == o[0]:
		return 1
	case distance == o[1]:
		o[0], o[1] = o[1], o[0]
		return 2
	case distance == o[2]:
		n = 3
	}
	o[0], o[1], o[2] = distance, o[0], o[1]
	return n
}

// ranges say which code a number has: the first number of each code.
type ranges struct {
	first [maxCodes]uint32
	bits  [maxCodes]uint8
	codes [128]uint8 // of small numbers
	large int        // of larger ones: what is to be added to the number of their bits
}

func newRanges(direct uint32, widths ...uint8) *ranges {
	r := &ranges{}
	next, code := uint32(0), 0
	for range direct {
		r.first[code] = next
		code, next = code+1, next+1
	}
	for _, w := range widths {
		r.first[code], r.bits[code] = next, w
		code, next = code+1, next+1<<w
	}
	for v, at := uint32(0), 0; v < uint32(len(r.codes)); v++ {
		if r.first[at+1] == v {
			at++
		}
		r.codes[v] = uint8(at)
	}
	r.large = code - 1 - bits.Len32(r.first[code-1])
	return r
}

func (r *ranges) code(v uint32) uint8 {
	if v < uint32(len(r.codes)) {
		return r.codes[v]
	}
	return uint8(bits.Len32(v) + r.large)
}

// The codes of RFC 8878, 3.1.1.3.2.1.1.
var (
	literalRanges = newRanges(16, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
	matchRanges   = newRanges(32, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
)

// appendSequences appends the second half of a block.
func (e *Encoder) appendSequences(dst []byte) []byte {
	n := len(e.sequences)
	switch {
	case n < 128:
		dst = append(dst, byte(n))
	case n < 0x7F00:
		dst = append(dst, byte(n>>8)+128, byte(n))
	default:
		dst = append(dst, 255, byte(n-0x7F00), byte((n-0x7F00)>>8))
	}
	if n == 0 {
		return dst
	}
	ll, of, ml := &e.lengths[literalCode], &e.lengths[offsetCode], &e.lengths[matchCode]
	for _, c := range [...]*codes{ll, of, ml} {
		c.begin(n)
	}
	for i, s := range e.sequences {
		ll.add(i, literalRanges.code(s.literals))
		of.add(i, uint8(bits.Len32(s.offset)-1))
		ml.add(i, matchRanges.code(s.match-leastMatch))
	}
	for _, c := range [...]*codes{ll, of, ml} {
		c.prepare()
	}
	dst = append(dst, ll.mode<<6|of.mode<<4|ml.mode<<2)
	dst = ll.describe(dst)
	dst = of.describe(dst)
	dst = ml.describe(dst)
	return e.appendBits(dst)
}

// mostPerSequence are the bytes of a sequence: 26 bits of states and 54 of what codes
// leave open, and what a store writes beyond.
const mostPerSequence = 10

// appendBits writes the sequences from the last one to the first, as readers read
// bits from the end.
func (e *Encoder) appendBits(dst []byte) []byte {
	ll, of, ml := &e.lengths[literalCode], &e.lengths[offsetCode], &e.lengths[matchCode]
	list := e.sequences
	dst = slices.Grow(dst, len(list)*mostPerSequence+2*width)
	out, w := dst[:cap(dst)], bitWriter{at: len(dst)}
	i := len(list) - 1
	llList, ofList, mlList := ll.list[:len(list)], of.list[:len(list)], ml.list[:len(list)]
	llState, ofState, mlState := ll.start(llList[i]), of.start(ofList[i]), ml.start(mlList[i])
	w = w.flush(out).extra(&list[i], llList[i], ofList[i], mlList[i]).flush(out)
	for i--; i >= 0; i-- {
		llCode, ofCode, mlCode := llList[i], ofList[i], mlList[i]
		w, ofState = w.state(ofState, of, ofCode)
		w, mlState = w.state(mlState, ml, mlCode)
		w, llState = w.state(llState, ll, llCode)
		w = w.flush(out).extra(&list[i], llCode, ofCode, mlCode).flush(out)
	}
	w = w.add(uint64(mlState), ml.log).add(uint64(ofState), of.log).add(uint64(llState), ll.log)
	return w.add(1, 1).close(out)
}

// bitWriter says where bits go next and which wait, the first one at the lowest place.
// Its methods return it as it then is: it has as few fields as registers hold.
type bitWriter struct {
	at   int
	bits uint64
	n    uint
}

// add appends the low n bits of v.
func (w bitWriter) add(v uint64, n uint8) bitWriter {
	w.bits |= (v & (1<<(n&63) - 1)) << (w.n & 63)
	w.n += uint(n)
	return w
}

// flush writes whole bytes; out has room for eight.
func (w bitWriter) flush(out []byte) bitWriter {
	binary.LittleEndian.PutUint64(out[w.at:], w.bits)
	w.at += int(w.n >> 3)
	w.bits >>= w.n & 56
	w.n &= 7
	return w
}

// close returns what is written.
func (w bitWriter) close(out []byte) []byte {
	w = w.flush(out)
	if w.n > 0 {
		w.at++ // flush has written all bits
	}
	return out[:w.at]
}

// extra appends what the codes of a sequence leave open.
func (w bitWriter) extra(s *sequence, ll, of, ml uint8) bitWriter {
	ll, ml = ll&(maxCodes-1), ml&(maxCodes-1)
	w = w.add(uint64(s.literals-literalRanges.first[ll]), literalRanges.bits[ll])
	w = w.add(uint64(s.match-leastMatch-matchRanges.first[ml]), matchRanges.bits[ml])
	return w.add(uint64(s.offset), of)
}

// state appends the bits by which readers find from the state of the next code to
// that of this one.
func (w bitWriter) state(state uint32, c *codes, code uint8) (bitWriter, uint32) {
	t := c.steps[code&(maxCodes-1)]
	n := (state + t.bits) >> 16
	return w.add(uint64(state), uint8(n)), uint32(c.states[(int32(state>>(n&31))+t.find)&(1<<mostLog-1)])
}
