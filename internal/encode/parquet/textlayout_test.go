package parquet

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// texts returns a column of texts, and them.
func texts(t *testing.T, codec string, level, n int, text func(r *rand.Rand) string) (*builder, *column, []string) {
	t.Helper()
	z, err := newCompressor(codec, level)
	require.NoError(t, err)
	c := &column{physical: format.ByteArray, patient: z.patient()}
	c.reset()
	r, all := rand.New(rand.NewPCG(1, 1)), make([]string, n)
	for i := range all {
		all[i] = text(r)
		c.addBytes(0, []byte(all[i]))
	}
	return &builder{compressor: z}, c, all
}

// TestTextsGetADictionaryWhereItPays: of two words and a number there are 14,400, of which
// most come again only after many others. Without compression a dictionary is smaller
// where values come again at all; with slow gzip where what is in it
// shrinks when it is sorted.
func TestTextsGetADictionaryWhereItPays(t *testing.T) {
	words := []string{"running", "shoes", "summer", "sale", "gazelle", "new", "blue", "leather", "kids", "trail", "winter", "light"}
	few := func(r *rand.Rand) string { return words[r.IntN(len(words))] }
	dimension := func(r *rand.Rand) string { return fmt.Sprint(few(r), " ", few(r), " ", r.IntN(100)) }
	count := 0
	twice := func(*rand.Rand) string {
		count++
		return fmt.Sprintf("%012d", count/2)
	}
	prefixed := func(r *rand.Rand) string { return fmt.Sprintf("/products/item/%d/", r.IntN(14_400)) }
	unique := func(r *rand.Rand) string { return fmt.Sprintf("%016x", r.Uint64()) }
	for _, test := range []struct {
		name              string
		text              func(*rand.Rand) string
		none, gzip, quick format.Encoding
	}{
		{"a few", few, format.RLEDictionary, format.RLEDictionary, format.RLEDictionary},
		{"many, alike", dimension, format.RLEDictionary, format.RLEDictionary, format.Plain},
		{"many, with a prefix", prefixed, format.RLEDictionary, format.RLEDictionary, format.Plain},
		{"each twice, in order", twice, format.RLEDictionary, format.Plain, format.RLEDictionary},
		{"no text twice", unique, format.Plain, format.Plain, format.Plain},
	} {
		for _, c := range []struct {
			codec string
			level int
			want  format.Encoding
		}{{"none", 0, test.none}, {"gzip", slowGzip, test.gzip}, {"gzip", slowGzip - 1, test.quick}, {"zstd", 0, test.quick}} {
			t.Run(fmt.Sprint(test.name, "/", c.codec, c.level), func(t *testing.T) {
				b, column, all := texts(t, c.codec, c.level, 20_000, test.text)
				l := b.layout(column)
				require.Equal(t, c.want, l.encoding)
				if c.want == format.RLEDictionary {
					assertWords(t, &l, all, c.level == slowGzip)
				}
			})
		}
	}
}

// assertWords compares texts with what a dictionary makes of their ids.
func assertWords(t *testing.T, l *layout, all []string, sorted bool) {
	t.Helper()
	var words []string
	for page := l.dictionary; len(page) > 0; {
		n := binary.LittleEndian.Uint32(page)
		words = append(words, string(page[4:4+n]))
		page = page[4+n:]
		if last := len(words) - 1; sorted && last > 0 {
			require.Less(t, words[last-1], words[last])
		}
	}
	require.Len(t, words, l.size)
	require.Len(t, l.ids, len(all))
	for i, id := range l.ids {
		require.Equal(t, all[i], words[id], "value %d", i)
	}
}

// TestLongTextsThatComeAgainAreNotWrittenOut: what a dictionary is compared with must not
// need more memory than the column.
func TestLongTextsThatComeAgainAreNotWrittenOut(t *testing.T) {
	long, i := strings.Repeat("a long text ", 4000), 0
	b, c, _ := texts(t, "gzip", slowGzip, 9000, func(*rand.Rand) string {
		if i++; i%3 > 0 {
			return long
		}
		return fmt.Sprint(i)
	})
	require.Equal(t, format.RLEDictionary, b.layout(c).encoding)
	require.Less(t, cap(b.page)+cap(c.plain), 1<<20)
}
