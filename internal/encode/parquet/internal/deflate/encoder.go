package deflate

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// LeastLevel is the lowest level that there is.
const LeastLevel = 6

// depths are how many places are tried for a repetition, by level.
var depths = [...]int{16, 32, 128, 1024}

const (
	// piece is how many bytes are taken at once: prices stay the same meanwhile, and
	// a block consists of pieces.
	piece = 16 << 10
	// trial is how much of the beginning is compressed to learn prices.
	trial = 4 << 10
	// nice is from which length on a repetition is taken without looking for a better
	// one behind it.
	nice = 64
	// tableSize is about what a block takes for its table, in bits.
	tableSize = 500
	// mostTokens are as many as a block has, but for those of a piece: tokens and what
	// they take are in memory until it ends.
	mostTokens = 128 << 10
)

// Encoder makes gzip members. It is not safe for concurrent use.
type Encoder struct {
	depth  int
	src    []byte
	places places
	prices prices
	list   []token

	symbols, distances huffman
	table              table
}

// New returns an encoder of a level between LeastLevel and 9.
func New(level int) *Encoder {
	return &Encoder{
		depth:   depths[level-LeastLevel],
		symbols: newHuffman(symbols), distances: newHuffman(distances),
		table: table{codes: newHuffman(orders)},
	}
}

// header says gzip and deflate, and nothing of name, time and system.
var header = [...]byte{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF}

// Append appends the member of src, of less than 2 GiB, to dst.
func (e *Encoder) Append(dst, src []byte) []byte {
	e.src = src
	w := bitWriter{out: append(dst, header[:]...)}
	e.blocks(&w)
	w.align()
	e.src = nil // it is the caller's
	w.out = binary.LittleEndian.AppendUint32(w.out, crc32.ChecksumIEEE(src))
	return binary.LittleEndian.AppendUint32(w.out, uint32(len(src)))
}

// blocks appends all blocks. A block ends where those before and after it take less with
// a table for each.
func (e *Encoder) blocks(w *bitWriter) {
	past := e.begin()
	var block counts
	start := 0 // of the block
	for from := 0; from < len(e.src); {
		before := len(e.list)
		to := e.find(from, min(from+piece, len(e.src)))
		var part counts
		part.count(e.list[before:])
		both := block
		both.add(&part)
		if from > start && (len(e.list) > mostTokens || block.entropy()+part.entropy()+tableSize < both.entropy()) {
			e.block(w, e.list[:before], e.src[start:from], &block, false)
			e.list = append(e.list[:0], e.list[before:]...)
			start, both = from, part
		}
		block = both
		past.halve()
		past.add(&part)
		from = to
		expected := past.with(e.src[from:min(from+piece, len(e.src))])
		e.prices.learn(&expected)
	}
	e.block(w, e.list, e.src[start:], &block, true)
}

// begin learns the prices to begin with, and returns the counts that they are made of.
// What is cheap is taken more often and becomes cheaper, so that the first guess decides:
// of two, that counts by which the beginning takes fewer bits.
func (e *Encoder) begin() counts {
	begin := e.src[:min(trial, len(e.src))]
	var best counts
	least := math.Inf(1)
	for _, of := range []counts{guessLiterals(begin), guessMatches(begin)} {
		for range 2 {
			e.prices.learn(&of)
			e.again()
			e.find(0, len(begin))
			of = counts{}
			of.count(e.list)
		}
		if bits := of.entropy(); bits < least {
			best, least = of, bits
		}
	}
	e.again()
	e.prices.learn(&best)
	return best
}

// again forgets what was found.
func (e *Encoder) again() {
	e.list = e.list[:0]
	e.places.begin(len(e.src))
}

// find appends tokens of src[from:to] and perhaps a few bytes more, and returns where
// they end.
func (e *Encoder) find(from, to int) int {
	e.prices.sum(e.src, from, to)
	i := from
	for i < to {
		m := e.search(i, e.depth)
		if m.saves <= 0 {
			e.list = append(e.list, token(e.src[i]))
			i++
			continue
		}
		noted := i + 1
		for m.length < nice && i+1 < to {
			next := e.search(i+1, e.depth/2)
			noted = i + 2
			if next.saves <= m.saves {
				break
			}
			e.list = append(e.list, token(e.src[i]))
			i++
			m = next
		}
		e.list = append(e.list, match(m.length, m.distance))
		i += m.length
		for ; noted < i; noted++ {
			e.places.note(e.src, noted)
		}
	}
	return i
}
