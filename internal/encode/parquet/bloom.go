package parquet

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// bitsPerValue gives about one false positive in a hundred.
const bitsPerValue = 10

// filter appends the split-block bloom filter of a column.
func (b *builder) filter(c *column, meta *format.ColumnMetaData) error {
	hashes := c.hashes()
	if len(hashes) == 0 {
		return nil
	}
	f := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(len(hashes)), bitsPerValue))
	f.InsertBulk(hashes)
	bits := f.Bytes()
	header, err := thrift.Marshal(&protocol, &format.BloomFilterHeader{
		NumBytes:    int32(len(bits)),
		Algorithm:   format.BloomFilterAlgorithm{Value: &format.SplitBlockAlgorithm{}},
		Hash:        format.BloomFilterHash{Value: &format.XxHash{}},
		Compression: format.BloomFilterCompression{Value: &format.BloomFilterUncompressed{}},
	})
	if err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	meta.BloomFilterOffset = int64(len(b.block.data))
	meta.BloomFilterLength = int32(len(header) + len(bits))
	b.block.data = append(append(b.block.data, header...), bits...)
	return nil
}

// hashes returns the hashes of the column's values, of distinct ones where a
// dictionary knows them. Booleans get no filter: it could not exclude anything.
func (c *column) hashes() []uint64 {
	var h bloom.XXH64
	var out []uint64
	switch c.physical {
	case format.Boolean:
	case format.Int32:
		for _, v := range c.ints {
			out = append(out, h.Sum64Uint32(uint32(v)))
		}
	case format.Int64:
		for _, v := range c.ints {
			out = append(out, h.Sum64Uint64(uint64(v)))
		}
	case format.Double:
		for _, v := range c.doubles {
			out = append(out, h.Sum64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))))
		}
	case format.FixedLenByteArray:
		for i := range c.values {
			out = append(out, h.Sum64(c.fixed[i*c.size:(i+1)*c.size]))
		}
	default:
		if c.hasDict {
			for id := range c.dict.len() {
				out = append(out, h.Sum64(c.dict.value(int32(id))))
			}
			break
		}
		for i := range c.values {
			out = append(out, h.Sum64(c.value(i)))
		}
	}
	return out
}
