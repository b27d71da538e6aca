package parquet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// textColumn is a column of texts that may be absent, for a file without compression.
func textColumn(later bool) *column {
	c := newColumn(&schema.Field{Name: "text", Type: schema.String}, &format.SchemaElement{Type: format.ByteArray}, []string{"text"}, 1, 0)
	c.patient, c.later = true, later
	c.reset()
	return c
}

// addTexts adds rows, of which some have no text.
func (c *column) addTexts(texts []string) {
	for _, text := range texts {
		if c.begin(c.rows); text == "none" {
			c.null(0, 0)
			continue
		}
		c.addBytes(0, []byte(text))
	}
}

// TestPostponedDictionariesMakeTheSameFile: whether a dictionary is made with the rows or
// after them must not be seen. Some rows are taken back, as they are where an object is
// full, and there are several row groups.
func TestPostponedDictionariesMakeTheSameFile(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, distinct := range []int{1, 200, 3000, 5000, 8000, 14_000, 25_000, 1 << 40} {
		for _, pad := range []int{0, 12, 70, 300} {
			t.Run(fmt.Sprint(distinct, "/", pad), func(t *testing.T) {
				z, err := newCompressor("none", 0)
				require.NoError(t, err)
				early, late := textColumn(false), textColumn(true)
				first := builder{compressor: z, pageSize: 1 << 16}
				second := builder{compressor: z, pageSize: 1 << 16}
				for range 2 {
					texts := draw(r, 500+r.IntN(30_000), distinct, pad)
					early.addTexts(texts)
					late.addTexts(texts)
					requireSame(t, build(t, &first, early), build(t, &second, late))
					require.Equal(t, early.wait, late.wait)
					keep := r.IntN(early.rows)
					early.truncate(keep)
					late.truncate(keep)
					requireSame(t, build(t, &first, early), build(t, &second, late))
					early.addTexts(texts)
					late.addTexts(texts)
					requireSame(t, build(t, &first, early), build(t, &second, late))
					early.reset()
					late.reset()
				}
			})
		}
	}
}

// draw returns n texts, or fewer where they are long.
func draw(r *rand.Rand, n, distinct, pad int) []string {
	texts := make([]string, n/(1+pad/100))
	for i := range texts {
		texts[i] = fmt.Sprint(strings.Repeat("x", pad), r.IntN(distinct))
		if r.IntN(20) == 0 {
			texts[i] = "none"
		}
	}
	return texts
}

// build returns a copy of the block of one column.
func build(t *testing.T, b *builder, c *column) block {
	t.Helper()
	made, err := b.build([]*column{c}, c.rows)
	require.NoError(t, err)
	own := *made
	own.data = slices.Clone(own.data)
	return own
}

// requireSame compares blocks. The data is too long to be shown where it differs.
func requireSame(t *testing.T, want, got block) {
	t.Helper()
	require.Equal(t, want.group.TotalByteSize, got.group.TotalByteSize)
	require.True(t, bytes.Equal(want.data, got.data), "other pages")
	want.data, got.data = nil, nil
	require.Equal(t, want, got)
}

// TestDictionariesOfManyValuesArePostponed, and no others: those of few values stay in
// the cache, and take less memory than the values.
func TestDictionariesOfManyValuesArePostponed(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for _, test := range []struct {
		later    bool
		distinct int
		want     bool
	}{{true, 14_400, true}, {true, 1 << 40, true}, {true, 1000, false}, {true, 10, false}, {false, 14_400, false}} {
		c := textColumn(test.later)
		c.addTexts(draw(r, 2000, test.distinct, 0))
		require.Equal(t, test.want, c.late, "%d distinct", test.distinct)
		require.Equal(t, test.want, !c.hasDict)
		c.reset()
		require.False(t, c.late, "the next row group begins anew")
	}
}

// TestOnlyFilesWithoutCompressionPostponeDictionaries: with slow gzip they are sorted, and
// with other codecs dropped.
func TestOnlyFilesWithoutCompressionPostponeDictionaries(t *testing.T) {
	for codec, want := range map[string]bool{"none": true, "gzip": false, "zstd": false, "snappy": false, "lz4_raw": false} {
		w, err := newWorker(&Config{Compression: codec, Level: 0})
		require.NoError(t, err)
		s := &schema.Schema{Fields: []schema.Field{{Name: "text", Type: schema.String}}}
		require.Equal(t, want, w.use(s, schema.Policy{}, true).columns[0].later, codec)
	}
}

// TestWordTablesShrink: an encoder must not keep the table of its largest column.
func TestWordTablesShrink(t *testing.T) {
	var w words
	w.reset()
	var dict []byte
	add := func(n int) {
		dict = dict[:0]
		for i := range n {
			word := fmt.Appendf([]byte{4, 0, 0, 0}, "%06d", i)
			sum := hash(word[lengthSize:])
			id, slot := w.find(dict, word, sum)
			require.Negative(t, id)
			dict = append(dict, word...)
			w.add(uint32(len(dict)), sum, slot)
			id, _ = w.find(dict, word, sum)
			require.EqualValues(t, i, id)
		}
	}
	add(40_000)
	require.Len(t, w.slots, 1<<17)
	for range 20 {
		w.reset()
		add(1)
	}
	require.Len(t, w.slots, minWords)
}
