package parquet_test

import (
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestWhatEveryEngineReads: Spark before 3.3 knows no delta encodings, and Spark
// 3.5 neither UUID nor TIME.
func TestWhatEveryEngineReads(t *testing.T) {
	fields := []schema.FieldConfig{{Name: "n", Type: "int64"}, {Name: "u", Type: "uuid"}, {Name: "t", Type: "time"}, {Name: "s", Type: "string"}}
	docs := make([]string, 1000)
	for i := range docs {
		docs[i] = fmt.Sprintf(`{"n":%d,"u":"00112233-4455-6677-8899-%012d","t":"12:00:%02d","s":"v%d"}`, 1_751_364_000_000+i*7, i, i%60, i%3)
	}
	for compatibility, want := range map[parquet.Compatibility]struct {
		delta   bool
		logical int
	}{parquet.Widest: {false, 0}, "": {false, 0}, parquet.Modern: {true, 2}} {
		data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{Compatibility: compatibility}, fixed(fields...)), docs...)
		require.Empty(t, res.Refused)
		f, err := open(data)
		require.NoError(t, err)
		delta, logical := false, 0
		for _, c := range f.Metadata().RowGroups[0].Columns {
			for _, e := range c.MetaData.Encoding {
				delta = delta || e != format.Plain && e != format.RLE && e != format.RLEDictionary
			}
		}
		for i := range f.Metadata().Schema {
			if l := f.Metadata().Schema[i].LogicalType; l.Valid && (l.V.Time != nil || l.V.UUID != nil) {
				logical++
			}
		}
		assert.Equal(t, want.delta, delta, compatibility)
		assert.Equal(t, want.logical, logical, compatibility)
		rows, err := arrowRows(data)
		require.NoError(t, err)
		if compatibility != parquet.Modern {
			assert.Equal(t, "00112233-4455-6677-8899-000000000007", rows[7]["u"])
			assert.Equal(t, int64(12*3600+7)*1e6, rows[7]["t"])
		}
	}
}

func TestPagesHaveAtMost20000Rows(t *testing.T) {
	docs := make([]string, 50_000)
	for i := range docs {
		docs[i] = fmt.Sprintf(`{"a":1,"l":[%d,2]}`, i%2)
	}
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), docs...)
	f, err := open(data)
	require.NoError(t, err)
	for _, chunk := range f.RowGroups()[0].ColumnChunks() {
		offsets, err := chunk.OffsetIndex()
		require.NoError(t, err)
		for i := range offsets.NumPages() {
			next := int64(len(docs))
			if i+1 < offsets.NumPages() {
				next = offsets.FirstRowIndex(i + 1)
			}
			assert.LessOrEqual(t, next-offsets.FirstRowIndex(i), int64(20_000))
		}
	}
	values, err := pageValues(data)
	require.NoError(t, err)
	assert.Equal(t, 150_000, values)
}

// TestColumnsHaveTheirNumbers: Iceberg finds them by these.
func TestColumnsHaveTheirNumbers(t *testing.T) {
	for _, on := range []bool{true, false} {
		data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{FieldIDs: on}), `{"a":1,"g":{"s":"x"},"l":[true]}`)
		f, err := open(data)
		require.NoError(t, err)
		got := map[string]int32{}
		for _, e := range f.Metadata().Schema {
			if e.FieldID != 0 {
				got[e.Name] = e.FieldID
			}
		}
		want := map[string]int32{}
		if on {
			want = map[string]int32{"a": 1, "g": 2, "l": 3, "s": 4, "element": 5}
		}
		assert.Equal(t, want, got)
	}
}

// TestTimesBeforeTheGregorianCalendarAreTold: readers disagree on them.
func TestTimesBeforeTheGregorianCalendarAreTold(t *testing.T) {
	fields := fixed(optional("d", "date"), schema.FieldConfig{Name: "l", Type: "list", Optional: true, Items: &schema.FieldConfig{Type: "timestamp"}}, optional("n", "int64"))
	for doc, want := range map[string]string{
		`{"d":"1582-10-15","l":["1582-10-15T00:00:00Z"],"n":-999999999999999999}`: "",
		`{"d":"1582-10-14"}`: "d",
		`{"l":["2024-01-01T00:00:00Z","1582-10-14T23:59:59.999999Z"]}`: "l.list.element",
	} {
		_, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, fields), doc, `{"d":"2024-01-01"}`)
		assert.Equal(t, want, res.Julian, doc)
		_, res = encodetest.Encode(t, newEncoder(t, parquet.Config{Compatibility: parquet.Modern}, fields), doc)
		assert.Empty(t, res.Julian, "they know")
	}
}
