package parquet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTextsOfOneSizeAreSearchedThoroughly where that makes them smaller, and are read by
// a reader that is not ours.
func TestTextsOfOneSizeAreSearchedThoroughly(t *testing.T) {
	r, at := rand.New(rand.NewPCG(1, 1)), time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	var times, sessions, noise []byte
	for range 12_000 {
		at = at.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
		times = at.AppendFormat(append(times, 24, 0, 0, 0), "2006-01-02T15:04:05.000Z")
		sessions = fmt.Appendf(append(sessions, 12, 0, 0, 0), "s-%010x", r.Int64N(1<<40))
		noise = fmt.Appendf(append(noise, 16, 0, 0, 0), "%c%c", r.Int32(), r.Int32())
	}
	for name, c := range map[string]struct {
		page []byte
		of   content
		way  way
		most float64 // in proportion to the quick search
	}{
		"times":    {times, content{text: true, size: 28}, thoroughly, 0.9},
		"sessions": {sessions, content{text: true, size: 16}, thoroughly, 0.9},
		"noise":    {noise, content{text: true, size: 20}, asStream, 1.001},
		"uneven":   {times, content{text: true}, untold, 1.001},
		"numbers":  {times, content{size: 28}, untold, 1.001},
	} {
		t.Run(name, func(t *testing.T) {
			z, err := newCompressor("snappy", 0)
			require.NoError(t, err)
			for range 2 { // the way is told by the first page
				packed, err := z.page(nil, c.page, &c.of)
				require.NoError(t, err)
				assert.Equal(t, c.way, c.of.way)
				assert.Less(t, float64(len(packed))/float64(len(s2.EncodeSnappy(nil, c.page))), c.most)
				got, err := new(snappy.Codec).Decode(nil, packed)
				require.NoError(t, err)
				require.True(t, bytes.Equal(c.page, got))
			}
		})
	}
}

// TestBlocksOfSnappyAreOnePage, whatever is left for the last one.
func TestBlocksOfSnappyAreOnePage(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	page := make([]byte, 3*snappyBlock)
	for i := range page {
		page[i] = byte(r.IntN(1 + i>>14))
	}
	z, err := newCompressor("snappy", 0)
	require.NoError(t, err)
	for _, n := range []int{0, 1, 5, 16, 17, snappyBlock - 1, snappyBlock, snappyBlock + 1, snappyBlock + 16, 2 * snappyBlock, len(page)} {
		packed := z.snappyBlocks(nil, page[len(page)-n:])
		got, err := new(snappy.Codec).Decode(nil, packed)
		require.NoError(t, err, "%d bytes", n)
		require.True(t, bytes.Equal(page[len(page)-n:], got), "%d bytes", n)
	}
}
