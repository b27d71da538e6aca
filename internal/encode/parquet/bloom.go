package parquet

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// bitsPerValue gives about one false positive in a hundred.
const bitsPerValue = 10

// bloomBlock is a block of a split block bloom filter: eight words of 32 bits,
// in each of which a value sets one bit.
type bloomBlock [8]uint32

// bloomSalts choose the bits. They, and how a block is chosen, are fixed by
// https://github.com/apache/parquet-format/blob/master/BloomFilter.md
var bloomSalts = [8]uint32{
	0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
}

// bloomFilter returns a filter with the given hashes, sized by how many of them
// differ.
func bloomFilter(hashes []uint64) []bloomBlock {
	const bits = 8 * 32 // of a block
	blocks := make([]bloomBlock, (distinct(hashes)*bitsPerValue+bits-1)/bits)
	for _, h := range hashes {
		block := &blocks[(h>>32)*uint64(len(blocks))>>32]
		for i, salt := range bloomSalts {
			block[i] |= 1 << (uint32(h) * salt >> 27)
		}
	}
	return blocks
}

// distinct estimates how many of some hashes differ, to about one in a hundred, by
// how many places of a table they leave free.
func distinct(hashes []uint64) int {
	const places, word = 4, 64 // for each hash
	table := make([]uint64, len(hashes)*places/word+1)
	size := uint64(len(table) * word)
	taken := 0
	for _, h := range hashes {
		// Another mixture than that which chooses blocks.
		at := h * 0x9e3779b97f4a7c15 >> 32 * size >> 32
		if bit := uint64(1) << (at % word); table[at/word]&bit == 0 {
			table[at/word] |= bit
			taken++
		}
	}
	n := -float64(size) * math.Log1p(-float64(taken)/float64(size))
	return min(int(math.Ceil(n)), len(hashes))
}

// filter appends the bloom filter of a column.
func (b *builder) filter(c *column, meta *format.ColumnMetaData) {
	hashes := c.hashes()
	if len(hashes) == 0 {
		return
	}
	blocks := bloomFilter(hashes)
	start := len(b.block.data)
	b.block.data = format.AppendBloomFilterHeader(b.block.data, 4*len(bloomBlock{})*len(blocks))
	for i := range blocks {
		for _, word := range blocks[i] {
			b.block.data = binary.LittleEndian.AppendUint32(b.block.data, word)
		}
	}
	meta.BloomFilterOffset = int64(start)
	meta.BloomFilterLength = int32(len(b.block.data) - start)
}

// hashes returns the hashes of the column's values, of distinct ones where a
// dictionary knows them. Booleans get no filter: it could not exclude anything.
func (c *column) hashes() []uint64 {
	var out []uint64
	switch c.physical {
	case format.Boolean:
	case format.Int32:
		for _, v := range c.ints {
			out = append(out, xxhash.Sum64(binary.LittleEndian.AppendUint32(nil, uint32(v))))
		}
	case format.Int64:
		for _, v := range c.ints {
			out = append(out, xxhash.Sum64(binary.LittleEndian.AppendUint64(nil, uint64(v))))
		}
	case format.Float, format.Double:
		for _, v := range c.doubles {
			out = append(out, xxhash.Sum64(c.plainDouble(v)))
		}
	case format.FixedLenByteArray:
		for i := range c.values {
			out = append(out, xxhash.Sum64(c.fixed[i*c.size:(i+1)*c.size]))
		}
	default:
		if c.hasDict {
			for id := range c.dict.len() {
				out = append(out, xxhash.Sum64(c.dict.value(int32(id))))
			}
			break
		}
		for i := range c.values {
			out = append(out, xxhash.Sum64(c.value(i)))
		}
	}
	return out
}
