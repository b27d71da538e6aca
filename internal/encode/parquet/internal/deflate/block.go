package deflate

import (
	"bytes"
	"math"
	"slices"
)

// The three forms of a block.
const (
	storedBlock  = 0
	fixedBlock   = 1
	dynamicBlock = 2
)

// fixedSizes and fixedDistances are the sizes of codes that need no table. Two symbols
// have a code and no meaning.
var (
	fixedSizes     = newFixedSizes()
	fixedDistances = [distances]uint8(bytes.Repeat([]byte{5}, distances))
)

func newFixedSizes() (sizes [symbols + 2]uint8) {
	for s := range sizes {
		switch {
		case s < 144:
			sizes[s] = 8
		case s < 256:
			sizes[s] = 9
		case s < 280:
			sizes[s] = 7
		default:
			sizes[s] = 8
		}
	}
	return sizes
}

// block appends a block of tokens, which stand for src, in the form that is smallest.
func (e *Encoder) block(w *bitWriter, tokens []token, src []byte, of *counts, last bool) {
	of.symbols[endOfBlock] = 1
	e.symbols.build(of.symbols[:], longCode)
	e.distances.build(of.distances[:], longCode)
	e.table.prepare(&e.symbols, &e.distances)
	extra := of.extra()
	dynamic := e.table.cost() + e.symbols.cost(of.symbols[:]) + e.distances.cost(of.distances[:]) + extra
	fixed := extra
	for s, n := range of.symbols {
		fixed += int(n) * int(fixedSizes[s])
	}
	for _, n := range of.distances {
		fixed += 5 * int(n)
	}
	// Each stored part begins at a byte, behind its size.
	stored := 8*len(src) + (7+32)*(1+len(src)/math.MaxUint16)
	final := uint64(0)
	if last {
		final = 1
	}
	switch {
	case stored < dynamic && stored < fixed:
		w.stored(src, final)
		return
	case fixed <= dynamic:
		w.add(final|fixedBlock<<1, 3)
		e.symbols.fix(fixedSizes[:])
		e.distances.fix(fixedDistances[:])
	default:
		w.add(final|dynamicBlock<<1, 3)
		e.table.append(w)
	}
	e.tokens(w, tokens)
}

// tokens appends tokens and the end of their block.
func (e *Encoder) tokens(w *bitWriter, tokens []token) {
	// The bits of lengths with those that say which one of a range they are.
	var lengths [mostMatch - leastMatch + 1]struct {
		bits uint32
		n    uint8
	}
	for l, i := range lengthSymbols {
		c := e.symbols.codes[endOfBlock+1+int(i)]
		lengths[l].bits = uint32(c.bits) | uint32(l-int(lengthRanges.first[i]))<<c.n
		lengths[l].n = c.n + lengthRanges.bits[i]
	}
	w.out = slices.Grow(w.out, 6*len(tokens)+16)
	out, b := w.out[:cap(w.out)], bitQueue{at: len(w.out), bits: w.bits, n: w.n}
	codes := e.symbols.codes
	for _, t := range tokens {
		if t < aMatch {
			c := codes[t&0xFF]
			b = b.add(uint64(c.bits), c.n)
		} else {
			l := lengths[t.length()]
			b = b.add(uint64(l.bits), l.n)
			d := t.distance()
			s := distanceSymbol(d)
			c := e.distances.codes[s]
			b = b.add(uint64(c.bits)|uint64(d-uint32(distanceRanges.first[s]))<<c.n, c.n+distanceRanges.bits[s])
		}
		b = b.flush(out)
	}
	c := codes[endOfBlock]
	b = b.add(uint64(c.bits), c.n).flush(out)
	w.out, w.bits, w.n = out[:b.at], b.bits, b.n
}
