package zrows

import (
	"encoding/binary"
	"math/bits"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/repeat"
)

// matcher finds what was there before.
type matcher struct {
	src   []byte
	first int // where the first value is
	size  int
	// next is the first value that was not looked for in the table.
	next int
	// looks and hits are how often a value was looked for in the table, and found.
	looks, hits int
}

func (e *Encoder) matcher(src []byte, first, size int) matcher {
	if first+2*size > len(src) {
		size = 0
	}
	return matcher{src: src, first: first, next: first, size: size}
}

const (
	lows  = 0x7F7F7F7F7F7F7F7F
	width = 8
)

// zeros marks the bytes of x that are zero.
func zeros(x uint64) uint64 { return ^((x&lows + lows) | x | lows) }

// find notes the sequences and literals of src[from:to].
func (m *matcher) find(e *Encoder, from, to int) {
	search := m.values
	if m.size == width {
		search = m.numbers
	}
	done := search(e, from, to)
	if len(e.sequences) > 0 {
		e.keep(m.src, done, to)
	}
}

// values finds what values have in common with those before them. It returns up to
// where everything is noted.
func (m *matcher) values(e *Encoder, from, to int) (done int) {
	src, size := m.src, m.size
	done = from
	for i := max(from, m.first+size); i+width <= to; {
		if i >= m.next {
			if n, distance := m.whole(e, i, to); n > 0 {
				e.note(src, done, i, n, distance)
				i += n
				done = i
				continue
			}
		}
		x := binary.LittleEndian.Uint64(src[i:]) ^ binary.LittleEndian.Uint64(src[i-size:])
		z := zeros(x)
		run := z & (z >> 8) & (z >> 16)
		if size > 16 {
			run &= z >> 24
		}
		if run == 0 {
			i += width - leastMatch + 1
			if size > 16 {
				i--
			}
			continue
		}
		at := i + bits.TrailingZeros64(run)>>3
		n := repeat.Length(src[:to], at, at-size)
		e.note(src, done, at, n, size)
		i = at + n
		done = i
	}
	return done
}

// whole looks for a value that is the same as the one at or before i, from i on.
func (m *matcher) whole(e *Encoder, i, to int) (n, distance int) {
	row := m.first + (i-m.first)/m.size*m.size
	m.next = row + m.size
	if m.size < 2*width || !m.worth() {
		m.next = len(m.src)
	}
	if m.next > to {
		return 0, 0
	}
	m.looks++
	tail := binary.LittleEndian.Uint64(m.src[m.next-width:])
	slot := &e.table[tail*prime>>(64-tableBits)]
	other := int(*slot - e.base)
	*slot = e.base + int32(row)
	if other < 0 || binary.LittleEndian.Uint64(m.src[other+m.size-width:]) != tail {
		return 0, 0
	}
	distance = row - other
	if n = repeat.Length(m.src[:to], i, i-distance); i+n < m.next || n < width || distance == m.size {
		return 0, 0
	}
	m.hits++
	return n, distance
}

const prime = 0x9E3779B97F4A7C15

// worth reports whether enough values are found to go on looking.
func (m *matcher) worth() bool { return m.looks < 1<<11 || m.hits*32 > m.looks }

// numbers is values for numbers of eight bytes. What ends the fraction of a number of
// few decimals was there before in another one, with another exponent.
func (m *matcher) numbers(e *Encoder, from, to int) (done int) {
	src := m.src
	done = from
	i := max(from-m.first+width-1, width)/width*width + m.first
	for ; i+width <= to; i += width {
		v := binary.LittleEndian.Uint64(src[i:])
		z := zeros(v ^ binary.LittleEndian.Uint64(src[i-width:]))
		if done > i {
			if done >= i+width {
				continue
			}
			z &= ^uint64(0) << (8 * (done - i))
		}
		if run := z & (z >> 8) & (z >> 16); run != 0 {
			at := i + bits.TrailingZeros64(run)>>3
			n := repeat.Length(src[:to], at, at-width)
			e.note(src, done, at, n, width)
			done = at + n
			continue
		}
		if done > i || !m.worth() {
			continue
		}
		m.looks++
		slot := &e.table[v<<32*prime>>(64-tableBits)]
		other := int(*slot - e.base)
		*slot = e.base + int32(i)
		if other < 0 || uint32(v) != binary.LittleEndian.Uint32(src[other:]) {
			continue
		}
		m.hits++
		n := repeat.Length(src[:to], i, other)
		e.note(src, done, i, n, i-other)
		done = i + n
	}
	return done
}

// note adds a sequence of the literals src[from:at] and a match.
func (e *Encoder) note(src []byte, from, at, n, distance int) {
	e.keep(src, from, at)
	e.sequences = append(e.sequences, sequence{
		literals: uint32(at - from), match: uint32(n),
		offset: e.offsets.number(uint32(distance), uint32(at-from)),
	})
}

// keep adds literals. Few of them are copied with what comes after them, which is
// faster.
func (e *Encoder) keep(src []byte, from, at int) {
	n := len(e.literals)
	if at-from <= width && from+width <= len(src) {
		e.literals = e.literals[:n+at-from]
		binary.LittleEndian.PutUint64(e.literals[n:n+width:n+width], binary.LittleEndian.Uint64(src[from:]))
		return
	}
	e.literals = append(e.literals, src[from:at]...)
}
