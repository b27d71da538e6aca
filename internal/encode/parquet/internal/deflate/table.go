package deflate

// table is how readers get the codes of a block: the sizes of all, of which many are
// the same as the one before.
type table struct {
	symbols, distances int // how many sizes there are
	list               []order
	counts             [orders]uint32
	codes              huffman
	most               int // how many sizes of orders there are
}

// order is a size, or says how often one is repeated.
type order struct{ symbol, more uint8 }

// The orders that repeat, and the least numbers that they stand for.
const (
	repeatLast  = 16 // 3 to 6 times the size before
	zeros       = 17 // 3 to 10
	manyZeros   = 18 // 11 to 138
	leastRepeat = 3
	leastMany   = 11
	mostMany    = 138
)

var orderBits = [orders]uint8{repeatLast: 2, zeros: 3, manyZeros: 7}

// tableOrder is the order in which the sizes of orders are written.
var tableOrder = [orders]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (t *table) prepare(symbols, distances *huffman) {
	t.symbols, t.distances = used(symbols.sizes, endOfBlock+1), used(distances.sizes, 1)
	t.list = t.list[:0]
	clear(t.counts[:])
	t.sizes(symbols.sizes[:t.symbols])
	t.sizes(distances.sizes[:t.distances])
	t.codes.build(t.counts[:], shortCode)
	t.most = orders
	for t.codes.sizes[tableOrder[t.most-1]] == 0 {
		t.most--
	}
	t.most = max(t.most, 4)
}

// used is one more than the last symbol that comes, or least.
func used(sizes []uint8, least int) int {
	n := len(sizes)
	for n > least && sizes[n-1] == 0 {
		n--
	}
	return n
}

func (t *table) sizes(sizes []uint8) {
	for i := 0; i < len(sizes); {
		n := 1
		for i+n < len(sizes) && sizes[i+n] == sizes[i] {
			n++
		}
		t.run(sizes[i], n)
		i += n
	}
}

// run notes that a size comes n times.
func (t *table) run(size uint8, n int) {
	if size > 0 {
		t.note(size, 0)
		n--
		for n >= leastRepeat {
			part := min(n, leastRepeat+3)
			t.note(repeatLast, part-leastRepeat)
			n -= part
		}
	}
	for size == 0 && n >= leastMany {
		part := min(n, mostMany)
		t.note(manyZeros, part-leastMany)
		n -= part
	}
	if size == 0 && n >= leastRepeat {
		t.note(zeros, n-leastRepeat)
		return
	}
	for range n {
		t.note(size, 0)
	}
}

func (t *table) note(symbol uint8, more int) {
	t.list = append(t.list, order{symbol, uint8(more)})
	t.counts[symbol]++
}

// cost is the size of the table in bits.
func (t *table) cost() int {
	n := 5 + 5 + 4 + 3*t.most + t.codes.cost(t.counts[:])
	for s, bits := range orderBits {
		n += int(t.counts[s]) * int(bits)
	}
	return n
}

func (t *table) append(w *bitWriter) {
	w.add(uint64(t.symbols-endOfBlock-1), 5)
	w.add(uint64(t.distances-1), 5)
	w.add(uint64(t.most-4), 4)
	for _, s := range tableOrder[:t.most] {
		w.add(uint64(t.codes.sizes[s]), 3)
	}
	for _, o := range t.list {
		c := t.codes.codes[o.symbol]
		w.add(uint64(c.bits)|uint64(o.more)<<c.n, c.n+orderBits[o.symbol])
	}
}
