package deflate

import (
	"math"
	"math/bits"
)

// fine is how many parts of a bit prices have.
const fine = 16

// prices are what tokens are expected to take, in parts of a bit.
type prices struct {
	literals  [256]uint16
	lengths   [mostMatch + 1]uint16
	distances [distances]uint16
	// sums are those of the literals of src[origin:] before each of its places.
	sums   [piece + mostMatch + 1]uint32
	origin int
}

// saves is what a match at i takes less than the literals.
func (p *prices) saves(i, n, distance int) int32 {
	i -= p.origin
	return int32(p.sums[i+n]-p.sums[i]) - int32(p.lengths[n]) - int32(p.distances[distanceSymbol(uint32(distance-1))])
}

// sum sums up the literals of src[from:to], of at most a piece, and of a match that
// begins there.
func (p *prices) sum(src []byte, from, to int) {
	p.origin = from
	sum := uint32(0)
	for i, b := range src[from:min(to+mostMatch, len(src))] {
		sum += uint32(p.literals[b])
		p.sums[i+1] = sum
	}
}

// learn makes the prices those of tokens that come so often.
func (p *prices) learn(of *counts) {
	var symbol [symbols]uint16
	price(symbol[:], of.symbols[:])
	copy(p.literals[:], symbol[:])
	for l, s := range lengthSymbols {
		p.lengths[l+leastMatch] = symbol[endOfBlock+1+int(s)] + fine*uint16(lengthRanges.bits[s])
	}
	price(p.distances[:], of.distances[:])
	for s, bits := range distanceRanges.bits {
		p.distances[s] += fine * uint16(bits)
	}
}

// price puts the prices of symbols into to. One that never came is as rare as a half.
func price(to []uint16, counts []uint32) {
	total := uint32(1)
	for _, n := range counts {
		total += n
	}
	for s, n := range counts {
		to[s] = uint16(fine * min(max(logOf(2*total)-logOf(2*n+1), 0.5), longCode))
	}
}

// counts say how often each symbol comes.
type counts struct {
	symbols   [symbols]uint32
	distances [distances]uint32
}

// guessLiterals takes all bytes of a text for literals, and matches for rare ones.
func guessLiterals(text []byte) (c counts) {
	const weight = 64
	for s := range lengthRanges.first {
		c.symbols[endOfBlock+1+s] = uint32(len(text))
	}
	for _, b := range text {
		c.symbols[b] += weight
	}
	for s := range c.distances {
		c.distances[s] = 1
	}
	return c
}

// guessMatches takes all literals and lengths for equally frequent.
func guessMatches(text []byte) (c counts) {
	for s := range c.symbols {
		c.symbols[s] = uint32(len(text))
	}
	for s := range c.distances {
		c.distances[s] = 1
	}
	return c
}

func (c *counts) count(list []token) {
	for _, t := range list {
		if t < aMatch {
			c.symbols[t&0xFF]++
			continue
		}
		c.symbols[endOfBlock+1+int(lengthSymbols[t.length()])]++
		c.distances[distanceSymbol(t.distance())]++
	}
}

func (c *counts) add(of *counts) {
	for s, n := range of.symbols {
		c.symbols[s] += n
	}
	for s, n := range of.distances {
		c.distances[s] += n
	}
}

// halve makes what came count less than what comes.
func (c *counts) halve() {
	for s := range c.symbols {
		c.symbols[s] /= 2
	}
	for s := range c.distances {
		c.distances[s] /= 2
	}
}

// with returns what comes if it is like what came and like a text, which counts little:
// it tells of bytes that did not come before.
func (c *counts) with(text []byte) counts {
	const weight = 8
	out := *c
	for s := range out.symbols {
		out.symbols[s] *= weight
	}
	for _, b := range text {
		out.symbols[b]++
	}
	return out
}

// extra are the bits by which lengths and distances say which one of their range they
// are.
func (c *counts) extra() int {
	n := 0
	for s, bits := range lengthRanges.bits {
		n += int(c.symbols[endOfBlock+1+s]) * int(bits)
	}
	for s, bits := range distanceRanges.bits {
		n += int(c.distances[s]) * int(bits)
	}
	return n
}

// entropy is about the least that the tokens take, in bits.
func (c *counts) entropy() float64 {
	return entropy(c.symbols[:]) + entropy(c.distances[:]) + float64(c.extra())
}

func entropy(counts []uint32) float64 {
	total, sum := uint32(0), 0.0
	for _, n := range counts {
		if n > 0 {
			total += n
			sum += float64(float64(n) * logOf(n)) // rounded, on every processor
		}
	}
	return float64(float64(total)*logOf(total)) - sum
}

const logBits = 12

// logs are the logarithms of small numbers, to the base of two.
var logs = newLogs()

func newLogs() (of [1 << logBits]float32) {
	for i := 1; i < len(of); i++ {
		of[i] = float32(math.Log2(float64(i)))
	}
	return of
}

// logOf is about the logarithm of a number, and 0 for none.
func logOf(n uint32) float64 {
	shift := max(bits.Len32(n)-logBits, 0)
	return float64(logs[n>>shift]) + float64(shift)
}
