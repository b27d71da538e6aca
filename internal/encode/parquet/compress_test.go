package parquet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	reference "github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/gzip"
	"github.com/parquet-go/parquet-go/compress/lz4"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/stretchr/testify/require"
)

// TestPagesOfAllCodecs has pages that shrink, pages that grow, and every kind
// after every other: compressors and buffers are used again.
func TestPagesOfAllCodecs(t *testing.T) {
	noise := make([]byte, 100_000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	pages := [][]byte{noise[:1], noise, bytes.Repeat([]byte("page "), 50_000), noise[:300], {}, noise[:77_777]}
	for name, codec := range map[string]reference.Codec{
		"zstd": &zstd.Codec{}, "snappy": &snappy.Codec{}, "gzip": &gzip.Codec{}, "lz4_raw": &lz4.Codec{},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := newCompressor(name, 0)
			require.NoError(t, err)
			var buf []byte
			for i, page := range pages {
				for _, compress := range []func(dst, src []byte) ([]byte, error){c.compress, c.compressText} {
					buf, err = compress(buf, page)
					require.NoError(t, err)
					got, err := codec.Decode(make([]byte, 0, len(page)+1), buf)
					require.NoError(t, err)
					require.True(t, bytes.Equal(page, got), "page %d", i)
				}
			}
		})
	}
}

func TestUnknownLevelsAreRefused(t *testing.T) {
	_, err := newCompressor("gzip", 10)
	require.ErrorContains(t, err, "preparing gzip")
	for level := 1; level <= 9; level++ {
		_, err := newCompressor("gzip", level)
		require.NoError(t, err, fmt.Sprint(level))
	}
}

// TestTextsThatDifferShrink: random hexadecimal digits repeat nowhere, and half of
// each is known.
func TestTextsThatDifferShrink(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	page := make([]byte, 100_000)
	for i := range page {
		page[i] = "0123456789abcdef"[r.IntN(16)]
	}
	c, err := newCompressor("zstd", 0)
	require.NoError(t, err)
	packed, err := c.compressText(nil, page)
	require.NoError(t, err)
	require.Less(t, len(packed), len(page)*6/10)
}
