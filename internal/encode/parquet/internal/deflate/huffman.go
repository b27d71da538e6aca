package deflate

import (
	"math/bits"
	"slices"
)

// The alphabets of RFC 1951, 3.2.5 to 3.2.7, and the bits of their longest codes.
const (
	symbols   = 286 // bytes, the end of a block, and lengths
	distances = 30
	orders    = 19 // in which the lengths of codes are written

	longCode  = 15
	shortCode = 7
)

// endOfBlock is the symbol behind the last one of a block.
const endOfBlock = 256

// code is a symbol in the order in which readers take bits, the first one lowest.
type code struct {
	bits uint16
	n    uint8
}

// huffman makes the codes of an alphabet.
type huffman struct {
	codes []code
	sizes []uint8 // in bits; 0 for symbols that do not come
	leafs []leaf
	// nodes are the weights of leafs and of what is above them, parents where each
	// of them hangs.
	weights []uint32
	parents []uint16
}

type leaf struct {
	weight uint32
	symbol uint16
}

func newHuffman(alphabet int) huffman {
	return huffman{
		codes: make([]code, alphabet), sizes: make([]uint8, alphabet), leafs: make([]leaf, 0, alphabet),
		weights: make([]uint32, 2*alphabet), parents: make([]uint16, 2*alphabet),
	}
}

// build makes the codes of symbols that come so often. There are two at least, as some
// readers take no fewer.
func (h *huffman) build(counts []uint32, longest int) {
	h.leafs = h.leafs[:0]
	for s, n := range counts {
		if n > 0 {
			h.leafs = append(h.leafs, leaf{n, uint16(s)})
		}
	}
	for s := uint16(0); len(h.leafs) < 2; s++ {
		if counts[s] == 0 {
			h.leafs = append(h.leafs, leaf{0, s})
		}
	}
	slices.SortFunc(h.leafs, func(a, b leaf) int {
		if a.weight != b.weight {
			return int(a.weight) - int(b.weight)
		}
		return int(a.symbol) - int(b.symbol)
	})
	clear(h.sizes)
	depths := h.depths(longest)
	next := 0
	for size := longest; size > 0; size-- { // the rarest have the longest
		for range depths[size] {
			h.sizes[h.leafs[next].symbol] = uint8(size)
			next++
		}
	}
	h.assign(&depths)
}

// depths returns how many codes there are of each size.
func (h *huffman) depths(longest int) (depths [longCode + 1]int) {
	n := len(h.leafs)
	for i, l := range h.leafs {
		h.weights[i] = l.weight
	}
	// The two lightest of what has nothing above it yet, again and again.
	leaf, node := 0, n
	lightest := func(free int) int {
		if leaf < n && (node == free || h.weights[leaf] <= h.weights[node]) {
			leaf++
			return leaf - 1
		}
		node++
		return node - 1
	}
	for free := n; free < 2*n-1; free++ {
		a := lightest(free)
		b := lightest(free)
		h.weights[free] = h.weights[a] + h.weights[b]
		h.parents[a], h.parents[b] = uint16(free), uint16(free)
	}
	// From here on a weight is a depth, of which the parent's is known.
	h.weights[2*n-2] = 0
	for i := 2*n - 3; i >= 0; i-- {
		h.weights[i] = h.weights[h.parents[i]] + 1
		if i < n {
			depths[min(int(h.weights[i]), longest)]++
		}
	}
	shorten(depths[:longest+1])
	return depths
}

// shorten makes codes that were cut to the longest size possible again, at the price of
// others that become longer by one.
func shorten(depths []int) {
	longest, room := len(depths)-1, 0
	for size, n := range depths {
		room += n << (longest - size)
	}
	for ; room > 1<<longest; room-- {
		size := longest - 1
		for depths[size] == 0 {
			size--
		}
		depths[size]--
		depths[size+1] += 2
		depths[longest]--
	}
}

// fix makes the codes those of given sizes. There may be more sizes than symbols.
func (h *huffman) fix(sizes []uint8) {
	var depths [longCode + 1]int
	for _, size := range sizes {
		depths[size]++
	}
	copy(h.sizes, sizes)
	h.assign(&depths)
}

// assign gives symbols of one size codes in the order of symbols.
func (h *huffman) assign(depths *[longCode + 1]int) {
	var next [longCode + 1]uint16
	first := uint16(0)
	for size, n := range depths {
		next[size] = first
		first = (first + uint16(n)) << 1
	}
	for s, size := range h.sizes {
		h.codes[s] = code{bits.Reverse16(next[size]) >> ((16 - size) & 15), size}
		next[size]++
	}
}

// cost is how many bits the codes take of symbols that come so often.
func (h *huffman) cost(counts []uint32) int {
	n := 0
	for s, c := range counts {
		n += int(c) * int(h.sizes[s])
	}
	return n
}
