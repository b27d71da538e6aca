package deflate

import (
	"encoding/binary"
	"math"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/repeat"
)

const (
	shortBits = 13
	longBits  = 15
	// keyed is how many bytes the longer key has.
	keyed = 4
)

// places have where bytes were last: in short by three of them, in long by four. They
// count from base: what earlier pages have noted is below it.
type places struct {
	short [1 << shortBits]int32
	long  [1 << longBits]int32
	// chain has where the four bytes of a place were before.
	chain      [window]int32
	base, span int32
}

// begin forgets all places, for a page of a size.
func (p *places) begin(size int) {
	p.base += p.span
	if size > math.MaxInt32-int(p.base) {
		clear(p.short[:])
		clear(p.long[:])
		p.base = 0
	}
	p.base, p.span = max(p.base, 1), int32(size)
}

// note notes the place of the bytes at i, and returns where they were last, which is
// negative if nowhere. Other bytes may share the entry.
func (p *places) note(src []byte, i int) (near, far int) {
	if i+keyed > len(src) {
		return -1, -1
	}
	const prime = 0x9E3779B1
	v := binary.LittleEndian.Uint32(src[i:])
	short, long := &p.short[v<<8*prime>>(32-shortBits)], &p.long[v*prime>>(32-longBits)]
	near, far = int(*short-p.base), int(*long-p.base)
	p.chain[i&(window-1)] = int32(far)
	*short = p.base + int32(i)
	*long = *short
	return near, far
}

// found is what was there before: how long it is, how far away, and how much it saves,
// in parts of a bit.
type found struct {
	length, distance int
	saves            int32
}

// search looks for what is at i and was there before, at so many places, and notes i.
func (e *Encoder) search(i, depth int) found {
	src := e.src
	best := found{}
	near, far := e.places.note(src, i)
	if near < 0 && far < 0 {
		return best
	}
	end := src[:min(len(src), i+mostMatch)]
	v := binary.LittleEndian.Uint32(src[i:])
	if near >= 0 && near != far && i-near <= window && (binary.LittleEndian.Uint32(src[near:])^v)<<8 == 0 {
		best = e.better(best, i, repeat.Length(end, i, near), i-near)
	}
	// What is farther away must be longer.
	for most := best.length; far >= 0 && i-far <= window && i+most < len(end) && depth > 0; depth-- {
		if src[far+most] == src[i+most] && binary.LittleEndian.Uint32(src[far:]) == v {
			if n := repeat.Length(end, i, far); n > most {
				most = n
				best = e.better(best, i, n, i-far)
			}
		}
		if i-far == window {
			break // i has its entry
		}
		far = int(e.places.chain[far&(window-1)])
	}
	return best
}

// better returns what saves more.
func (e *Encoder) better(best found, i, n, distance int) found {
	saves := e.prices.saves(i, n, distance)
	if saves > best.saves {
		return found{n, distance, saves}
	}
	return best
}
