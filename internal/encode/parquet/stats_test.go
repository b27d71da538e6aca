package parquet_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestBoundsHold has values of all orders in pages of a few rows, and compares
// every value with the bounds of its page and of its column.
func TestBoundsHold(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	huge, small := optional("huge", "decimal"), optional("small", "decimal")
	huge.Precision, huge.Scale, small.Precision, small.Scale = 30, 5, 5, 1
	fields := []schema.FieldConfig{
		huge, small, optional("s", "string"), optional("max", "string"), optional("date", "date"),
		optional("d", "double"), optional("u", "uuid"), optional("b", "bool"), optional("i", "int64"), optional("same", "string"),
	}
	long := func() string {
		s := []string{"a", "é", "😀", "\uD7FF", "\U0010FFFF"}[r.IntN(5)]
		return strings.Repeat("x", 1+r.IntN(70)) + strings.Repeat(s, r.IntN(80))
	}
	var docs []string
	for i := range 3000 {
		if i%50 < 10 {
			docs = append(docs, `{}`)
			continue
		}
		docs = append(docs, fmt.Sprintf(
			`{"huge":%d%015d.%05d,"small":%.1f,"s":"%s","max":"%s","date":"%04d-01-%02d","d":%v,"u":"%08x-0000-0000-0000-000000000000","b":%t,"i":%d,"same":"%s"}`,
			r.Int64N(2e10)-1e10, r.Int64N(1e15), r.IntN(1e5), r.Float64()*2000-1000, long(), strings.Repeat("\U0010FFFF", 20+r.IntN(3)),
			1+r.IntN(9998), 1+r.IntN(31), r.NormFloat64(), r.Uint32(), i%700 < 350, r.Int64()-r.Int64(), strings.Repeat("s", 100)))
	}
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{PageSize: 4 << 10}, fixed(fields...)), docs...)
	require.Empty(t, res.Refused)
	values, err := pageValues(data)
	require.NoError(t, err)
	assert.Equal(t, 3000*len(fields), values)

	f, err := open(data)
	require.NoError(t, err)
	for i, chunk := range f.RowGroups()[0].ColumnChunks() {
		m := f.Metadata().RowGroups[0].Columns[i].MetaData
		assert.EqualValues(t, 600, m.Statistics.NullCount)
		index, err := chunk.ColumnIndex()
		if fields[i].Name == "max" {
			// No text is greater than this one, so there is no bound.
			assert.Nil(t, m.Statistics.MaxValue)
			assert.Error(t, err)
			continue
		}
		require.NoError(t, err)
		lo, hi := chunk.Type().Kind().Value(m.Statistics.MinValue), chunk.Type().Kind().Value(m.Statistics.MaxValue)
		for p := range index.NumPages() {
			if !index.NullPage(p) {
				assert.LessOrEqual(t, compare(chunk.Type(), lo, index.MinValue(p)), 0)
				assert.GreaterOrEqual(t, compare(chunk.Type(), hi, index.MaxValue(p)), 0)
			}
		}
		assert.LessOrEqual(t, len(m.Statistics.MaxValue), 64)
	}
}

// TestZeros: both zeros are one value, and bounds must include both.
func TestZeros(t *testing.T) {
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), `{"d":0.0}`)
	f, err := open(data)
	require.NoError(t, err)
	m := f.Metadata().RowGroups[0].Columns[0].MetaData.Statistics
	assert.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, m.MinValue)
	assert.Equal(t, make([]byte, 8), m.MaxValue)
}

// TestOrderOfPages: readers may search sorted pages instead of scanning them.
func TestOrderOfPages(t *testing.T) {
	var docs []string
	for i := range 2000 {
		docs = append(docs, fmt.Sprintf(`{"up":%d,"down":%d,"any":%d}`, i, -i, i*7919%2000))
	}
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{PageSize: 1 << 10}, schema.Config{}), docs...)
	f, err := open(data)
	require.NoError(t, err)
	for i, want := range []struct{ up, down bool }{{true, false}, {false, true}, {false, false}} {
		index, err := f.RowGroups()[0].ColumnChunks()[i].ColumnIndex()
		require.NoError(t, err)
		assert.Equal(t, want.up, index.IsAscending(), i)
		assert.Equal(t, want.down, index.IsDescending(), i)
	}
}
