package format_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	reference "github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// read reads a structure with parquet-go, the reference.
func read[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	require.NoError(t, thrift.Unmarshal(new(thrift.CompactProtocol), data, &v))
	return v
}

func TestDataPageHeader(t *testing.T) {
	h := format.PageHeader{
		Type: format.DataPage, UncompressedSize: 1 << 30, CompressedSize: 77, NumValues: 5, Encoding: format.DeltaBinaryPacked,
		Statistics: format.Statistics{NullCount: 3, MinValue: []byte{}, MaxValue: []byte("z")},
	}
	data := h.Append([]byte("before"))
	require.Equal(t, "before", string(data[:6]))
	got := read[reference.PageHeader](t, data[6:])
	assert.Equal(t, reference.DataPage, got.Type)
	assert.EqualValues(t, 1<<30, got.UncompressedPageSize)
	assert.EqualValues(t, 77, got.CompressedPageSize)
	page := got.DataPageHeader.V
	assert.EqualValues(t, 5, page.NumValues)
	assert.Equal(t, reference.DeltaBinaryPacked, page.Encoding)
	assert.Equal(t, reference.RLE, page.DefinitionLevelEncoding)
	assert.Equal(t, reference.RLE, page.RepetitionLevelEncoding)
	assert.Equal(t, reference.Statistics{NullCount: 3, MinValue: []byte{}, MaxValue: []byte("z")}, page.Statistics)
}

func TestDictionaryPageHeader(t *testing.T) {
	h := format.PageHeader{
		Type: format.DictionaryPage, UncompressedSize: 9, CompressedSize: 8, NumValues: 7, Encoding: format.Plain,
	}
	got := read[reference.PageHeader](t, h.Append(nil))
	assert.Equal(t, reference.DictionaryPage, got.Type)
	assert.Equal(t, []int32{9, 8}, []int32{got.UncompressedPageSize, got.CompressedPageSize})
	assert.Equal(t, reference.DictionaryPageHeader{NumValues: 7, Encoding: reference.Plain}, got.DictionaryPageHeader.V)
}

// TestIndexes has lists that are short, as long as their header can say, and
// longer.
func TestIndexes(t *testing.T) {
	for _, pages := range []int{0, 1, 14, 15, 16, 300} {
		var offsets format.OffsetIndex
		var columns format.ColumnIndex
		columns.Order = format.Descending
		for i := range pages {
			offsets.Pages = append(offsets.Pages, format.PageLocation{Offset: int64(i) << 33, Size: int32(i), FirstRowIndex: int64(i * 7)})
			columns.NullPages = append(columns.NullPages, i%3 == 0)
			columns.NullCounts = append(columns.NullCounts, int64(i))
			columns.MinValues = append(columns.MinValues, bytes.Repeat([]byte("a"), i))
			columns.MaxValues = append(columns.MaxValues, bytes.Repeat([]byte("b"), i))
		}
		o := read[reference.OffsetIndex](t, offsets.Append(nil))
		c := read[reference.ColumnIndex](t, columns.Append(nil))
		require.Len(t, o.PageLocations, pages)
		require.Len(t, c.NullPages, pages)
		require.Len(t, c.NullCounts, pages)
		assert.Equal(t, reference.Descending, c.BoundaryOrder)
		for i := range pages {
			want := reference.PageLocation{Offset: int64(i) << 33, CompressedPageSize: int32(i), FirstRowIndex: int64(i * 7)}
			require.Equal(t, want, o.PageLocations[i])
			require.Equal(t, columns.NullPages[i], c.NullPages[i])
			require.Equal(t, columns.NullCounts[i], c.NullCounts[i])
			require.Equal(t, string(columns.MinValues[i]), string(c.MinValues[i]))
			require.Equal(t, string(columns.MaxValues[i]), string(c.MaxValues[i]))
		}
	}
}

func TestBloomFilterHeader(t *testing.T) {
	got := read[reference.BloomFilterHeader](t, format.AppendBloomFilterHeader(nil, 64))
	assert.EqualValues(t, 64, got.NumBytes)
	assert.NotNil(t, got.Algorithm.Block)
	assert.NotNil(t, got.Hash.XxHash)
	assert.NotNil(t, got.Compression.Uncompressed)
}

// footer returns a footer with n row groups of columns with and without
// dictionaries and filters.
func footer(n int) *format.FileMetaData {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	m := &format.FileMetaData{
		Version: 2, NumRows: r.Int64(), CreatedBy: "me", KeyValues: []format.KeyValue{{Key: "k", Value: "v"}, {Key: "", Value: ""}},
		Schema: []format.SchemaElement{
			{Name: "schema", NumChildren: 3},
			{Name: "s", Repetition: format.Optional, Type: format.ByteArray, Annotation: format.String},
			{Name: "b", Repetition: format.Required, Type: format.Boolean},
			{Name: "date", Repetition: format.Optional, Type: format.Int32, Annotation: format.Date},
			{Name: "u", Repetition: format.Optional, Type: format.FixedLenByteArray, TypeLength: 16, Annotation: format.UUID},
			{Name: "d", Repetition: format.Optional, Type: format.FixedLenByteArray, TypeLength: 13, Annotation: format.Decimal, Precision: 30, Scale: 0},
			{Name: "l", Repetition: format.Optional, NumChildren: 1, Annotation: format.List},
			{Name: "list", Repetition: format.Repeated, NumChildren: 1},
			{Name: "element", Repetition: format.Required, Type: format.Int64, Annotation: format.TimestampMicros},
			{Name: "t", Repetition: format.Optional, Type: format.Int64, Annotation: format.TimeMicros},
		},
	}
	for i := range n {
		g := format.RowGroup{
			NumRows: r.Int64(), TotalByteSize: r.Int64(), FileOffset: r.Int64(), TotalCompressedSize: r.Int64(), Ordinal: int16(i),
		}
		for _, path := range [][]string{{"d"}, {"l", "list", "element"}, {"t"}} {
			c := format.ColumnChunk{MetaData: format.ColumnMetaData{
				Type: format.Int64, Path: path, Codec: format.Zstd, NumValues: r.Int64(), DataPageOffset: r.Int64(),
				Encodings:             []format.Encoding{format.RLEDictionary, format.RLE, format.Plain},
				TotalUncompressedSize: r.Int64(), TotalCompressedSize: r.Int64(), Statistics: format.Statistics{NullCount: 1},
				EncodingStats: []format.PageEncodingStats{{PageType: format.DataPage, Encoding: format.Plain, Count: 2}},
			}, OffsetIndexOffset: r.Int64(), OffsetIndexLength: 1 + r.Int32()}
			if r.IntN(2) == 0 {
				c.ColumnIndexOffset, c.ColumnIndexLength = r.Int64(), 1+r.Int32()
				c.MetaData.DictionaryPageOffset = r.Int64()
				c.MetaData.BloomFilterOffset, c.MetaData.BloomFilterLength = r.Int64(), 1+r.Int32()
			}
			g.Columns = append(g.Columns, c)
		}
		m.RowGroups = append(m.RowGroups, g)
	}
	return m
}

func TestFooterIsReadByTheReference(t *testing.T) {
	want := footer(20)
	got := read[reference.FileMetaData](t, want.Append(nil))
	assert.EqualValues(t, 2, got.Version)
	assert.Equal(t, want.NumRows, got.NumRows)
	assert.Equal(t, "me", got.CreatedBy)
	assert.Equal(t, []reference.KeyValue{{Key: "k", Value: "v"}, {Key: "", Value: ""}}, got.KeyValueMetadata)
	assert.Len(t, got.ColumnOrders, 7)
	require.Len(t, got.Schema, 10)
	for i := range want.Schema {
		requireElement(t, &want.Schema[i], &got.Schema[i])
	}
	require.Len(t, got.RowGroups, 20)
	for i, g := range want.RowGroups {
		have := got.RowGroups[i]
		assert.Equal(t, []int64{g.NumRows, g.TotalByteSize, g.FileOffset, g.TotalCompressedSize, int64(g.Ordinal)},
			[]int64{have.NumRows, have.TotalByteSize, have.FileOffset, have.TotalCompressedSize, int64(have.Ordinal)})
		require.Len(t, have.Columns, 3)
		for j, c := range g.Columns {
			requireChunk(t, &c, &have.Columns[j])
		}
	}
}

func requireElement(t *testing.T, want *format.SchemaElement, got *reference.SchemaElement) {
	t.Helper()
	require.Equal(t, want.Name, got.Name)
	require.Equal(t, want.NumChildren, got.NumChildren.V)
	require.Equal(t, want.Leaf(), got.Type.Valid)
	require.Equal(t, int32(want.Type), int32(got.Type.V))
	require.Equal(t, want.TypeLength, got.TypeLength.V)
	require.Equal(t, want.Repetition != 0, got.RepetitionType.Valid)
	if got.RepetitionType.Valid {
		require.EqualValues(t, want.Repetition-format.Required, got.RepetitionType.V)
	}
	annotation := annotations[want.Annotation]
	require.Equal(t, annotation.logical, got.LogicalType.V.String())
	require.Equal(t, annotation.converted, got.ConvertedType)
	decimal := want.Annotation == format.Decimal
	require.Equal(t, thrift.Null[int32]{V: want.Scale, Valid: decimal}, got.Scale)
	require.Equal(t, thrift.Null[int32]{V: want.Precision, Valid: decimal}, got.Precision)
}

// annotations are the names that the reference has for ours.
var annotations = map[format.Annotation]struct {
	logical   string
	converted thrift.Null[deprecated.ConvertedType]
}{
	format.NoAnnotation:         {},
	format.String:               {"STRING", thrift.New(deprecated.UTF8)},
	format.List:                 {"LIST", thrift.New(deprecated.List)},
	format.Decimal:              {"DECIMAL(30,0)", thrift.New(deprecated.Decimal)},
	format.Date:                 {"DATE", thrift.New(deprecated.Date)},
	format.TimeMicros:           {"TIME(isAdjustedToUTC=false,unit=MICROS)", thrift.Null[deprecated.ConvertedType]{}},
	format.TimestampMicros:      {"TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)", thrift.New(deprecated.TimestampMicros)},
	format.LocalTimestampMicros: {"TIMESTAMP(isAdjustedToUTC=false,unit=MICROS)", thrift.New(deprecated.TimestampMicros)},
	format.UUID:                 {"UUID", thrift.Null[deprecated.ConvertedType]{}},
}

func requireChunk(t *testing.T, want *format.ColumnChunk, got *reference.ColumnChunk) {
	t.Helper()
	m, have := &want.MetaData, &got.MetaData
	require.Equal(t,
		[]int64{
			want.OffsetIndexOffset, int64(want.OffsetIndexLength), want.ColumnIndexOffset, int64(want.ColumnIndexLength),
			m.NumValues, m.TotalUncompressedSize, m.TotalCompressedSize, m.DataPageOffset, m.DictionaryPageOffset,
			m.BloomFilterOffset, int64(m.BloomFilterLength), int64(m.Type), int64(m.Codec), m.Statistics.NullCount,
		},
		[]int64{
			got.OffsetIndexOffset, int64(got.OffsetIndexLength), got.ColumnIndexOffset, int64(got.ColumnIndexLength),
			have.NumValues, have.TotalUncompressedSize, have.TotalCompressedSize, have.DataPageOffset, have.DictionaryPageOffset,
			have.BloomFilterOffset, int64(have.BloomFilterLength), int64(have.Type), int64(have.Codec), have.Statistics.NullCount,
		})
	require.Equal(t, m.Path, []string(have.PathInSchema))
	require.Equal(t, []reference.Encoding{reference.RLEDictionary, reference.RLE, reference.Plain}, []reference.Encoding(have.Encoding))
	require.Equal(t, []reference.PageEncodingStats{{PageType: reference.DataPage, Encoding: reference.Plain, Count: 2}},
		have.EncodingStats)
	require.Nil(t, have.Statistics.MinValue)
}

func TestLayoutIsThatOfTheFooter(t *testing.T) {
	for _, n := range []int{0, 1, 14, 15, 200} {
		m := footer(n)
		got, err := format.ReadLayout(m.Append(nil))
		require.NoError(t, err)
		assert.Equal(t, m.NumRows, got.NumRows)
		require.Len(t, got.Groups, n)
		for i, g := range got.Groups {
			want := &m.RowGroups[i]
			require.Equal(t, want.NumRows, g.NumRows)
			require.Len(t, g.Columns, 3)
			for j, c := range g.Columns {
				meta := &want.Columns[j].MetaData
				require.Equal(t, format.ColumnLayout{
					DataPageOffset: meta.DataPageOffset, DictionaryPageOffset: meta.DictionaryPageOffset,
					Size: meta.TotalCompressedSize, BloomFilterLength: meta.BloomFilterLength,
				}, c)
			}
		}
	}
}

// TestDamagedFootersAreRefused: a footer that is cut anywhere, continued, or
// of the wrong shape is no footer.
func TestDamagedFootersAreRefused(t *testing.T) {
	whole := footer(3).Append(nil)
	for n := range whole {
		_, err := format.ReadLayout(whole[:n])
		require.Error(t, err, "%d of %d bytes", n, len(whole))
	}
	_, err := format.ReadLayout(append(whole[:len(whole):len(whole)], 0))
	require.ErrorContains(t, err, "1 bytes follow it")
	for want, damaged := range map[string][]byte{
		"unknown type 13":              {0x1D, 0},
		"instead of structures":        {0x49, 0x25, 2, 4, 0},
		"nested deeper than 16":        bytes.Repeat([]byte{0x1C}, 40),
		"nested deeper than 16 levels": append([]byte{0x19}, bytes.Repeat([]byte{0x19}, 40)...),
		"a field with the id 200":      {0x05, 0x90, 0x03, 0},
		"it ends within a value":       {0x19, 0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F},
	} {
		_, err := format.ReadLayout(damaged)
		require.ErrorContains(t, err, want)
	}
}

func FuzzReadLayout(f *testing.F) {
	f.Add(footer(2).Append(nil))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, data []byte) {
		layout, err := format.ReadLayout(data)
		if err == nil && layout == nil {
			t.Fatal("neither a layout nor an error")
		}
	})
}

// TestExactnessOfBounds reads what the reference leaves out.
func TestExactnessOfBounds(t *testing.T) {
	type header struct {
		Type     int32 `thrift:"1"`
		Size     int32 `thrift:"2"`
		Stored   int32 `thrift:"3"`
		DataPage struct {
			NumValues  int32 `thrift:"1"`
			Encoding   int32 `thrift:"2"`
			Definition int32 `thrift:"3"`
			Repetition int32 `thrift:"4"`
			Statistics struct {
				Nulls    int64  `thrift:"3"`
				Max      []byte `thrift:"5"`
				Min      []byte `thrift:"6"`
				MaxExact bool   `thrift:"7"`
				MinExact bool   `thrift:"8"`
			} `thrift:"5"`
		} `thrift:"5"`
	}
	for _, exact := range []bool{true, false} {
		h := format.PageHeader{Type: format.DataPage, Statistics: format.Statistics{MinValue: []byte("a"), MaxValue: []byte("b"), MinExact: exact, MaxExact: !exact}}
		s := read[header](t, h.Append(nil)).DataPage.Statistics
		assert.Equal(t, "ab", string(s.Min)+string(s.Max))
		assert.Equal(t, exact, s.MinExact)
		assert.Equal(t, !exact, s.MaxExact)
	}
	none := format.PageHeader{Type: format.DataPage}
	claims := none
	claims.Statistics.MinExact, claims.Statistics.MaxExact = true, true
	assert.Equal(t, none.Append(nil), claims.Append(nil), "nothing is said of bounds that are not there")
}
