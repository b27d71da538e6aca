package parquet

import (
	"encoding/binary"
	"math/bits"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

const (
	// Integer columns with at most this many distinct values may get a
	// dictionary. Each costs at least a bit, so more do not pay.
	maxIntDict = 1 << 12
	// sampleInts is how many values decide whether a dictionary is tried.
	sampleInts = 1 << 10
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
	if distinct := b.intIDs(c.ints, cost); distinct > 0 {
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
	if b.deltas && cost*3 < n*width {
		return layout{encoding: format.DeltaBinaryPacked}
	}
	return layout{encoding: format.Plain}
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
// than limit. It returns the number of distinct values, or 0.
func (b *builder) intIDs(values []int64, limit int) int {
	if b.intTable == nil {
		b.intTable = make([]int32, maxIntDict*4)
	}
	clear(b.intTable)
	b.intDict, b.intIDList = b.intDict[:0], b.intIDList[:0]
	const mask = maxIntDict*4 - 1
	for i, v := range values {
		slot := uint64(v) * 0x9E3779B97F4A7C15 >> 50 & mask
		for b.intTable[slot] != 0 && b.intDict[b.intTable[slot]-1] != v {
			slot = (slot + 1) & mask
		}
		if b.intTable[slot] == 0 {
			if len(b.intDict) == maxIntDict || i < sampleInts && len(b.intDict) > 64+i/4 {
				return 0
			}
			b.intDict = append(b.intDict, v)
			b.intTable[slot] = int32(len(b.intDict))
		}
		b.intIDList = append(b.intIDList, b.intTable[slot]-1)
	}
	distinct := len(b.intDict)
	cost := 64*distinct + len(values)*bits.Len(uint(distinct-1))
	if cost >= limit {
		return 0
	}
	return distinct
}
