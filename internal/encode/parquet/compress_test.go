package parquet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
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
			levels := []int{0}
			if name == "gzip" {
				levels = []int{1, 5, 6, 9}
			}
			for _, level := range levels {
				c, err := newCompressor(name, level)
				require.NoError(t, err)
				var buf []byte
				for i, page := range pages {
					for _, of := range contents() {
						buf, err = c.page(buf, page, &of)
						require.NoError(t, err)
						got, err := codec.Decode(make([]byte, 0, len(page)+1), buf)
						require.NoError(t, err)
						require.True(t, bytes.Equal(page, got), "level %d, page %d", level, i)
					}
				}
			}
		})
	}
}

// contents are descriptions of pages, right or wrong: they decide how pages are
// compressed, and never what is read.
func contents() []content {
	return []content{
		{},
		{text: true},
		{size: 8},
		{size: 8, way: asRows},
		{size: 8, way: asStream},
		{size: 8, text: true, way: thoroughly},
		{first: 6, size: 40, text: true, way: asRows},
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
	packed, err := c.page(nil, page, &content{text: true})
	require.NoError(t, err)
	require.Less(t, len(packed), len(page)*6/10)
}

// TestSlowGzipMakesNoPageLarger than the quick search of that level: for sentences and
// small integers that one is better.
func TestSlowGzipMakesNoPageLarger(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	words := strings.Fields("the of and to in a is that it was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part")
	var sentences, small []byte
	for range 20_000 {
		sentences = append(sentences, byte(40+r.IntN(20)), 0, 0, 0)
		for range 10 {
			sentences = append(append(sentences, words[min(r.IntN(len(words)), r.IntN(len(words)))]...), ' ')
		}
		small = append(small, byte(r.IntN(200)), 0, 0, 0, 0, 0, 0, 0)
	}
	for name, page := range map[string][]byte{"sentences": sentences, "small integers": small} {
		c, err := newCompressor("gzip", slowGzip)
		require.NoError(t, err)
		packed, err := c.page(nil, page, &content{})
		require.NoError(t, err)
		quick, err := c.compressGzip(nil, page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(packed), len(quick)+len(quick)/200, name)
	}
}
