package zrows

import (
	"math/bits"
	"slices"
)

// The ways to say what a code stands for.
const (
	oneCode   = 1 // all are the same
	manyCodes = 2 // by a table of their frequencies
)

const (
	leastLog = 5
	maxCodes = 64
	mostLog  = 9
)

// codes are the codes of one kind in a block, and the finite state entropy code
// (RFC 8878, 4.1) that packs them by their frequency.
type codes struct {
	list   []uint8
	counts [maxCodes]uint32
	most   int // the bits of the largest table

	mode   uint8
	log    uint8 // the bits of the table, 0 when all codes are the same
	shares [maxCodes]uint16
	used   int // one more than the largest code
	steps  [maxCodes]step
	states [1 << mostLog]uint16
}

// step is how to get to a state of a code.
type step struct {
	bits uint32 // added to a state: the number of bits to write, 16 places to the left
	find int32
}

func (c *codes) begin(n int) {
	if cap(c.list) < n {
		c.list = make([]uint8, n+n/4)
	}
	c.list = c.list[:n]
	clear(c.counts[:])
}

func (c *codes) add(i int, code uint8) {
	c.list[i] = code
	c.counts[code&(maxCodes-1)]++
}

// prepare makes the table.
func (c *codes) prepare() {
	distinct := 0
	for code, n := range c.counts {
		if n > 0 {
			distinct++
			c.used = code + 1
		}
	}
	if distinct == 1 {
		c.mode, c.log = oneCode, 0
		c.steps[c.used-1], c.states[0] = step{}, 0
		return
	}
	c.mode = manyCodes
	// A small table for few codes, of which a large one would be longer than they are.
	least := max(leastLog, bits.Len(uint(distinct-1)))
	c.log = uint8(max(least, min(c.most, bits.Len(uint(len(c.list)))-2)))
	c.share()
	c.build()
}

// share gives each code a part of the states, by its frequency.
func (c *codes) share() {
	size, total := 1<<c.log, uint64(len(c.list))
	sum := 0
	for i, n := range c.counts[:c.used] {
		part := 0
		if n > 0 {
			part = max(1, int((uint64(n)<<c.log+total/2)/total))
		}
		c.shares[i] = uint16(part)
		sum += part
	}
	for ; sum < size; sum++ {
		c.shares[c.largest()]++
	}
	for ; sum > size; sum-- {
		c.shares[c.largest()]--
	}
}

func (c *codes) largest() int {
	best := 0
	for i, n := range c.shares[:c.used] {
		if n > c.shares[best] {
			best = i
		}
	}
	return best
}

// build spreads the states.
func (c *codes) build() {
	size := 1 << c.log
	var owner [1 << mostLog]uint8
	at, stride := 0, size>>1+size>>3+3
	for code, n := range c.shares[:c.used] {
		for range n {
			owner[at] = uint8(code)
			at = (at + stride) & (size - 1)
		}
	}
	var next [maxCodes]uint16
	total := uint16(0)
	for code, n := range c.shares[:c.used] {
		next[code] = total
		c.steps[code] = c.step(n, total)
		total += n
	}
	for i, code := range owner[:size] {
		c.states[next[code]] = uint16(size + i)
		next[code]++
	}
}

// step is that of a code with n states, which come after so many others.
func (c *codes) step(n, before uint16) step {
	switch n {
	case 0:
		return step{}
	case 1:
		return step{bits: uint32(c.log)<<16 - 1<<c.log, find: int32(before) - 1}
	}
	most := uint32(c.log) - uint32(bits.Len16(n-1)-1)
	return step{bits: most<<16 - uint32(n)<<most, find: int32(before) - int32(n)}
}

// start is the state at the last code, from which readers begin.
func (c *codes) start(code uint8) uint32 {
	if c.mode == oneCode {
		return 0
	}
	t := c.steps[code]
	n := (t.bits + 1<<15) >> 16
	return uint32(c.states[int32((n<<16-t.bits)>>n)+t.find])
}

// describe appends the table as readers need it.
func (c *codes) describe(dst []byte) []byte {
	if c.mode == oneCode {
		return append(dst, uint8(c.used-1))
	}
	const most = 3 * maxCodes // bytes, far more than a table takes
	dst = slices.Grow(dst, most)
	out, w := dst[:cap(dst)], bitWriter{at: len(dst)}
	w = w.add(uint64(c.log-leastLog), 4)
	left, threshold, width := uint32(1)<<c.log+1, uint32(1)<<c.log, c.log+1
	for code := 0; left > 1; {
		share := uint32(c.shares[code])
		code++
		spare := 2*threshold - 1 - left
		left -= share
		v := share + 1
		if v >= threshold {
			v += spare
		}
		n := width
		if v < spare {
			n--
		}
		w = w.add(uint64(v), n)
		for left < threshold {
			width--
			threshold >>= 1
		}
		w = w.flush(out)
		if share == 0 {
			zeros := 0
			for c.shares[code] == 0 {
				zeros++
				code++
			}
			for ; zeros >= 3; zeros -= 3 {
				w = w.add(3, 2).flush(out)
			}
			w = w.add(uint64(zeros), 2)
		}
	}
	return w.close(out)
}
