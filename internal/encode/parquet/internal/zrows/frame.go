package zrows

import (
	"encoding/binary"
	"math"

	"github.com/klauspost/compress/huff0"
)

// MaxSize is the size of the largest frame: readers must take windows of 8 MiB.
const MaxSize = 8 << 20

const (
	maxBlock = 128 << 10
	magic    = 0xFD2FB528
	// oneSegment says that the frame has no window but its content, of which the
	// size follows: in one byte, or more by what is added.
	oneSegment = 1 << 5
	twoBytes   = 1 << 6
	fourBytes  = 2 << 6
)

// The types of blocks and of their literals.
const (
	rawBlock        = 0
	repeatedBlock   = 1
	compressedBlock = 2

	rawLiterals      = 0
	repeatedLiterals = 1
	packedLiterals   = 2
	repackedLiterals = 3 // by the code of the block before
)

// tableBits are the bits of the size of the table of values.
const tableBits = 15

// Encoder makes frames. It is not safe for concurrent use.
type Encoder struct {
	huffman   huff0.Scratch
	literals  []byte
	sequences []sequence
	offsets   offsets
	lengths   [3]codes
	// table has where values are, counted from base: what frames before have noted
	// is below it.
	table      [1 << tableBits]int32
	base, span int32
}

// New returns an encoder.
func New() *Encoder {
	e := &Encoder{literals: make([]byte, 0, maxBlock+width)}
	// Less than a 64th is not worth the time that readers spend on it.
	e.huffman.WantLogLess = 6
	for i := range e.lengths {
		e.lengths[i].most = mostBits[i]
	}
	return e
}

// Append appends the frame of src, of at most MaxSize bytes, to dst. From first on
// it holds values of size bytes each; with a size of 0 only the frequency of bytes
// counts.
func (e *Encoder) Append(dst, src []byte, first, size int) []byte {
	dst = frameHeader(dst, len(src))
	e.huffman.Reuse = huff0.ReusePolicyNone
	e.offsets.reset()
	e.clear(len(src))
	m := e.matcher(src, first, size)
	for from := 0; ; from += maxBlock {
		to := min(from+maxBlock, len(src))
		dst = e.block(dst, &m, from, to)
		if to == len(src) {
			return dst
		}
	}
}

// frameHeader appends the header of the frame of so many bytes.
func frameHeader(dst []byte, size int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, magic)
	switch {
	case size < 1<<8:
		return append(dst, oneSegment, byte(size))
	case size < 1<<16+1<<8:
		return binary.LittleEndian.AppendUint16(append(dst, oneSegment|twoBytes), uint16(size-1<<8))
	}
	return binary.LittleEndian.AppendUint32(append(dst, oneSegment|fourBytes), uint32(size))
}

// clear makes the table that of a frame of a size.
func (e *Encoder) clear(size int) {
	e.base += e.span
	if e.base > math.MaxInt32-2*MaxSize {
		clear(e.table[:])
		e.base = 0
	}
	e.base, e.span = max(e.base, 1), int32(size)
}

// block appends the block of src[from:to].
func (e *Encoder) block(dst []byte, m *matcher, from, to int) []byte {
	src := m.src[from:to]
	start, before := len(dst), e.offsets
	dst = append(dst, 0, 0, 0)
	e.literals, e.sequences = e.literals[:0], e.sequences[:0]
	last := to == len(m.src)
	if same(src) {
		dst = append(dst, src[0])
		header(dst[start:], repeatedBlock, len(src), last)
		return dst
	}
	literals := src
	if m.size > 0 {
		m.find(e, from, to)
		if len(e.sequences) > 0 {
			literals = e.literals
		}
	}
	dst = e.appendLiterals(dst, literals)
	dst = e.appendSequences(dst)
	if packed := len(dst) - start - 3; packed < len(src) {
		header(dst[start:], compressedBlock, packed, last)
		return dst
	}
	e.offsets = before
	e.huffman.Reuse = huff0.ReusePolicyNone // readers do not see the code of this block
	dst = append(dst[:start+3], src...)
	header(dst[start:], rawBlock, len(src), last)
	return dst
}

// header writes the header of a block.
func header(dst []byte, kind, size int, last bool) {
	h := size<<3 | kind<<1
	if last {
		h |= 1
	}
	dst[0], dst[1], dst[2] = byte(h), byte(h>>8), byte(h>>16)
}

// same reports whether all bytes are the same.
func same(src []byte) bool {
	for _, b := range src {
		if b != src[0] {
			return false
		}
	}
	return len(src) > 0
}

// fewLiterals are as many as one stream is used for.
const fewLiterals = 1 << 10

// appendLiterals appends what is in no match, packed where that makes it smaller.
func (e *Encoder) appendLiterals(dst, text []byte) []byte {
	var packed []byte
	var again bool
	err := huff0.ErrIncompressible
	switch {
	case len(text) >= fewLiterals:
		packed, again, err = huff0.Compress4X(text, &e.huffman)
	case len(text) > 32:
		packed, again, err = huff0.Compress1X(text, &e.huffman)
	}
	switch {
	case err == nil && len(packed)+5 < len(text):
		e.huffman.Reuse = huff0.ReusePolicyAllow
	case len(text) > 1 && same(text):
		return append(literalSize(dst, repeatedLiterals, len(text)), text[0])
	default:
		if err == nil {
			e.huffman.Reuse = huff0.ReusePolicyNone
		}
		return append(literalSize(dst, rawLiterals, len(text)), text...)
	}
	kind := uint64(packedLiterals)
	if again {
		kind = repackedLiterals
	}
	if len(text) < fewLiterals { // one stream, and two sizes of 10 bits
		h := kind | uint64(len(text))<<4 | uint64(len(packed))<<14
		return append(append(dst, byte(h), byte(h>>8), byte(h>>16)), packed...)
	}
	h := kind | 3<<2 | uint64(len(text))<<4 | uint64(len(packed))<<22
	return append(append(dst, byte(h), byte(h>>8), byte(h>>16), byte(h>>24), byte(h>>32)), packed...)
}

// literalSize appends the header of literals that are not packed.
func literalSize(dst []byte, kind, size int) []byte {
	switch {
	case size < 1<<5:
		return append(dst, byte(kind|size<<3))
	case size < 1<<12:
		return append(dst, byte(kind|1<<2|size<<4), byte(size>>4))
	}
	return append(dst, byte(kind|3<<2|size<<4), byte(size>>4), byte(size>>12))
}
