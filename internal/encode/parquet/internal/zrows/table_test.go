package zrows

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlacesOfFramesBeforeAreNoPlaces: the table of values is not emptied between
// frames, and its places have no end.
func TestPlacesOfFramesBeforeAreNoPlaces(t *testing.T) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	require.NoError(t, err)
	defer d.Close()
	r, e := rand.New(rand.NewPCG(1, 1)), New()
	for _, base := range []int32{0, math.MaxInt32 - 2*MaxSize - 20_000, math.MaxInt32 - 2*MaxSize} {
		e.base = max(e.base, base)
		for range 4 {
			var page []byte
			for range 2000 {
				page = binary.LittleEndian.AppendUint64(page, math.Float64bits(float64(r.IntN(900))/1e6))
			}
			got, err := d.DecodeAll(e.Append(nil, page, 0, 8), nil)
			require.NoError(t, err)
			require.True(t, bytes.Equal(page, got))
		}
	}
	assert.Less(t, e.base, int32(1<<20))
}

// TestSharesFillTheTable, whatever the frequencies are.
func TestSharesFillTheTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		c := codes{most: 8 + r.IntN(2)}
		n := 2 + r.IntN(1<<r.IntN(15))
		c.begin(n)
		kinds := 1 + r.IntN(53)
		for i := range n {
			code := uint8(r.IntN(kinds))
			if r.IntN(3) > 0 {
				code = 0
			}
			c.add(i, code)
		}
		c.prepare()
		if c.mode == oneCode {
			continue
		}
		sum := 0
		for code, share := range c.shares[:c.used] {
			assert.Equal(t, c.counts[code] > 0, share > 0)
			sum += int(share)
		}
		require.Equal(t, 1<<c.log, sum)
		require.LessOrEqual(t, int(c.log), c.most)
	}
}

// TestCodesOfNumbers compares with the tables of RFC 8878.
func TestCodesOfNumbers(t *testing.T) {
	for v, code := range map[uint32]uint8{
		0: 0, 15: 15, 16: 16, 17: 16, 23: 19, 24: 20, 31: 21, 32: 22, 47: 23, 48: 24, 63: 24, 64: 25, 127: 25, 128: 26,
		255: 26, 256: 27, 65_535: 34, 65_536: 35, 131_072: 36,
	} {
		assert.Equal(t, code, literalRanges.code(v), "%d literals", v)
	}
	for v, code := range map[uint32]uint8{
		3: 0, 34: 31, 35: 32, 36: 32, 37: 33, 43: 36, 46: 36, 47: 37, 51: 38, 59: 39, 67: 40, 83: 41, 99: 42, 130: 42,
		131: 43, 258: 43, 259: 44, 65_538: 51, 65_539: 52,
	} {
		assert.Equal(t, code, matchRanges.code(v-leastMatch), "a match of %d", v)
	}
}
