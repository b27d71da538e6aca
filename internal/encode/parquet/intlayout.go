package parquet

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

const (
	// Columns of numbers with at most this many distinct values may get a
	// dictionary. Each costs at least a bit, so more do not pay.
	maxNumbers = 1 << 15
	// fewNumbers are as many as pay as soon as they take less. Of more a dictionary
	// must be clearly smaller: ids hardly compress, plain integers do, and doubles a
	// little.
	fewNumbers = 1 << 12
	// sampleNumbers is after how many values a column is given up in which fewer came
	// again than would of maxNumbers that are equally frequent; it is looked at again
	// after twice as many.
	sampleNumbers = 1 << 10
)

// intLayout chooses between a dictionary (few distinct values), deltas (sorted
// or narrow values) and plain values.
func (b *builder) intLayout(c *column) layout {
	n := len(c.ints)
	width := 64
	if c.physical == format.Int32 {
		width = 32
	}
	if n < 8 {
		return layout{encoding: format.Plain}
	}
	cost := n * width
	if b.deltas {
		cost = deltaBits(c.ints)
	}
	if distinct := b.intIDs(c.ints, cost, b.clearly(cost, cost/2)); distinct > 0 {
		b.dict = b.dict[:0]
		for _, v := range b.intDict {
			if width == 32 {
				b.dict = binary.LittleEndian.AppendUint32(b.dict, uint32(v))
			} else {
				b.dict = binary.LittleEndian.AppendUint64(b.dict, uint64(v))
			}
		}
		return layout{encoding: format.RLEDictionary, dictionary: b.dict, size: distinct, ids: b.intIDList}
	}
	// Bit-packed deltas do not compress further, plain values do: deltas must
	// be clearly smaller.
	if b.deltas && cost*2 < n*width {
		return layout{encoding: format.DeltaBinaryPacked}
	}
	return layout{encoding: format.Plain}
}

// clearly is the size below which a dictionary of more than a few values pays: that of
// the values where nothing is compressed, and else one that is clearly smaller.
func (b *builder) clearly(size, smaller int) int {
	if b.compressor.codec == format.Uncompressed {
		return size
	}
	return smaller
}

// doubleLayout chooses between a dictionary, which pays for few distinct values,
// and plain ones.
func (b *builder) doubleLayout(c *column) layout {
	n := len(c.doubles)
	if n < 8 {
		return layout{encoding: format.Plain}
	}
	// Two doubles are the same value when all of their bits are.
	values := unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(c.doubles))), n) //nolint:gosec // a view of numbers of one size
	distinct := b.intIDs(values, n*64, b.clearly(n*64, n*64/5*4))
	if distinct == 0 {
		return layout{encoding: format.Plain}
	}
	b.dict = b.dict[:0]
	for _, v := range b.intDict {
		b.dict = binary.LittleEndian.AppendUint64(b.dict, uint64(v))
	}
	return layout{encoding: format.RLEDictionary, dictionary: b.dict, size: distinct, ids: b.intIDList}
}

// deltaBits estimates the size of the values as deltas: in each run of 32 the
// range of the deltas decides how many bits each takes.
func deltaBits(values []int64) int {
	const run = 32
	total, last := 64, values[0]
	for i := 1; i < len(values); i += run {
		part := values[i:min(i+run, len(values))]
		lo, hi := part[0]-last, part[0]-last
		for _, v := range part {
			d := v - last
			last = v
			lo, hi = min(lo, d), max(hi, d)
		}
		total += 12 + run*bits.Len64(uint64(hi-lo))
	}
	return total
}

// intIDs fills b.intDict and b.intIDList when a dictionary takes fewer bits
// than limit, or than many where it has more than a few values. It returns the
// number of distinct values, or 0.
func (b *builder) intIDs(values []int64, limit, many int) int {
	if !b.numberIDs(values) {
		return 0
	}
	distinct := len(b.intDict)
	cost := 64*distinct + len(values)*bits.Len(uint(distinct-1))
	if distinct > fewNumbers {
		limit = many
	}
	if cost >= limit {
		return 0
	}
	return distinct
}

// numberIDs fills b.intDict and b.intIDList, unless there are too many distinct values.
func (b *builder) numberIDs(values []int64) bool {
	b.emptyTable(4 * fewNumbers)
	ids := slices.Grow(b.intIDList[:0], len(values))[:len(values)]
	table, dict := b.intTable, b.intDict[:0]
	b.intIDList = ids
	check := sampleNumbers
	for i, v := range values {
		slot := find(table, dict, v)
		if table[slot] == 0 {
			if len(dict) == maxNumbers {
				b.intDict = dict
				return false
			}
			dict = append(dict, v)
			table[slot] = int32(len(dict))
			ids[i] = int32(len(dict)) - 1
			if len(dict)*2 > len(table) {
				b.intDict = dict
				b.growTable()
				table = b.intTable
			}
		} else {
			ids[i] = table[slot] - 1
		}
		if i == check && i < maxNumbers/2 {
			if len(dict) > worthwhile(i) {
				b.intDict = dict
				return false
			}
			check *= 2
		}
	}
	b.intDict = dict
	return true
}

// worthwhile is how many distinct values n have in the mean, of maxNumbers that are
// equally frequent.
func worthwhile(n int) int { return n - n*n/(2*maxNumbers) }

// find returns the slot of a value, or that which it is to have.
func find(table []int32, dict []int64, v int64) int {
	mask := len(table) - 1
	slot := int(uint64(v)*0x9E3779B97F4A7C15>>32) & mask
	for table[slot] != 0 && dict[table[slot]-1] != v {
		slot = (slot + 1) & mask
	}
	return slot
}

// emptyTable makes the table one of a size, without values.
func (b *builder) emptyTable(size int) {
	if cap(b.intTable) < size {
		b.intTable = make([]int32, size)
		return
	}
	b.intTable = b.intTable[:size]
	clear(b.intTable)
}

// growTable doubles the table.
func (b *builder) growTable() {
	b.emptyTable(2 * len(b.intTable))
	for id, v := range b.intDict {
		b.intTable[find(b.intTable, b.intDict, v)] = int32(id + 1)
	}
}
