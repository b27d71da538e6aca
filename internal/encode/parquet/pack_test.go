package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestPagesGoTheBetterWay: of numbers of which each has zeros where the one before it
// has them, and of numbers that repeat as a whole a hundred later.
func TestPagesGoTheBetterWay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var ids, cycle []byte
	for range 20_000 {
		ids = binary.LittleEndian.AppendUint64(ids, uint64(r.IntN(1_000_000)))
	}
	for range 100 {
		cycle = binary.LittleEndian.AppendUint64(cycle, r.Uint64())
	}
	cycle = bytes.Repeat(cycle, 200)
	for _, size := range []int{4_000, 160_000} { // all of a page is tried, or the beginning
		for name, c := range map[string]struct {
			page []byte
			way  way
			most float64
		}{"ids": {ids, asRows, 0.4}, "cycle": {cycle, asStream, 0.25}} {
			t.Run(fmt.Sprint(name, " ", size), func(t *testing.T) {
				z, err := newCompressor("zstd", 0)
				require.NoError(t, err)
				of := content{size: 8}
				packed, err := z.page(nil, c.page[:size], &of)
				require.NoError(t, err)
				assert.Equal(t, c.way, of.way)
				assert.Less(t, float64(len(packed))/float64(size), c.most)
				again, err := z.page(nil, c.page[:size], &of)
				require.NoError(t, err)
				assert.True(t, bytes.Equal(packed, again))
			})
		}
	}
}

// TestPagesOfLevels: lists of lists have more levels than values, or levels alone.
func TestPagesOfLevels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	levels := make([]byte, 300_000)
	for i := range levels {
		levels[i] = byte(r.IntN(4))
	}
	z, err := newCompressor("zstd", 0)
	require.NoError(t, err)
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	require.NoError(t, err)
	defer d.Close()
	for _, first := range []int{1000, 2*leastSample + 1, 100_000, len(levels)} {
		for _, values := range []int{0, 8, 2 * leastSample, 2*leastSample + 8, 40_000} {
			page := slices.Clip(append(slices.Clone(levels[:first]), make([]byte, values)...))
			packed, err := z.page(nil, page, &content{first: first, size: 8})
			require.NoError(t, err)
			back, err := d.DecodeAll(packed, nil)
			require.NoError(t, err)
			require.True(t, bytes.Equal(page, back), "%d bytes of levels, %d of values", first, values)
		}
	}
}

// TestBitsAreTriedTwice: of ten values in four bits each some bytes never come, and of
// bits that repeat each byte does.
func TestBitsAreTriedTwice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	ids, again := make([]byte, 10_000), make([]byte, 10_000)
	for i := range ids {
		ids[i], again[i] = byte(r.IntN(10)|r.IntN(10)<<4), byte(i*i%251)
	}
	z, err := newCompressor("zstd", 0)
	require.NoError(t, err)
	for _, c := range []struct {
		page []byte
		most int
	}{{ids, 8600}, {again, 600}} {
		packed, err := z.page(nil, c.page, &content{})
		require.NoError(t, err)
		assert.Less(t, len(packed), c.most)
	}
}

// TestTextsOfOneSize: a column tells whether all of its texts have one size, with a
// dictionary and without.
func TestTextsOfOneSize(t *testing.T) {
	for _, dict := range []bool{true, false} {
		c := &column{physical: format.ByteArray}
		c.reset()
		for i := range 10 {
			c.addBytes(0, fmt.Appendf(nil, "text %d", i))
		}
		c.addBytes(0, []byte("another"))
		c.addBytes(0, []byte("short"))
		if !dict {
			c.dropDict()
		}
		size := c.valueSize()
		assert.Equal(t, 4+len("text 0"), size)
		assert.True(t, c.even(0, 10, size))
		assert.False(t, c.even(0, 11, size))
		assert.False(t, c.even(10, 11, size))
		assert.False(t, c.even(11, 12, size))
	}
}

// TestAWayIsKeptForSomeRowGroups, and not for ever.
func TestAWayIsKeptForSomeRowGroups(t *testing.T) {
	c := &column{physical: format.Int64}
	c.reset()
	c.remember(asRows)
	for range keepWay - 1 {
		c.reset()
		require.Equal(t, asRows, c.way)
		c.remember(asRows)
	}
	c.reset()
	assert.Equal(t, untold, c.way)
}

// TestUnevenTextsAreAStream, also where those of the row groups before were not uneven.
func TestUnevenTextsAreAStream(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	words := []string{"running", "shoes", "summer", "sale", "gazelle", "trail"}
	c := &column{physical: format.ByteArray, field: &schema.Field{Name: "s", Type: schema.String}, path: []string{"s"}}
	c.reset()
	c.dropDict()
	for i := range 10_000 {
		c.begin(i)
		c.addBytes(0, fmt.Appendf(nil, "%s %s %d", words[r.IntN(6)], words[r.IntN(6)], i))
	}
	c.remember(asRows)
	z, err := newCompressor("zstd", 0)
	require.NoError(t, err)
	b := &builder{compressor: z, pageSize: DefaultPageSize}
	block, err := b.build([]*column{c}, 10_000)
	require.NoError(t, err)
	assert.Less(t, float64(len(block.data))/float64(c.buffered()), 0.4)
}
