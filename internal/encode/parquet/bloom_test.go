package parquet_test

import (
	"fmt"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
)

// TestBloomFiltersHaveEveryValue asks the reference whether the filters of
// columns of all physical types have the values that were written, and few
// others.
func TestBloomFiltersHaveEveryValue(t *testing.T) {
	const rows = 3000
	fields := fixed(
		optional("i32", "int32"), optional("i64", "int64"), optional("d", "double"),
		optional("uuid", "uuid"), optional("few", "string"), optional("many", "string"), optional("bool", "bool"),
	)
	uuid := func(i int) [16]byte { return [16]byte{15: byte(i), 14: byte(i >> 8), 13: byte(i >> 16)} }
	values := map[string]func(i int) parquetgo.Value{
		"i32":  func(i int) parquetgo.Value { return parquetgo.Int32Value(int32(-i)) },
		"i64":  func(i int) parquetgo.Value { return parquetgo.Int64Value(int64(i) * 12345678901) },
		"d":    func(i int) parquetgo.Value { return parquetgo.DoubleValue(float64(i) + 0.5) },
		"uuid": func(i int) parquetgo.Value { v := uuid(i); return parquetgo.FixedLenByteArrayValue(v[:]) },
		"few":  func(i int) parquetgo.Value { return parquetgo.ByteArrayValue([]byte(fmt.Sprint("few ", i/100))) },
		"many": func(i int) parquetgo.Value { return parquetgo.ByteArrayValue([]byte(fmt.Sprint("many ", i))) },
	}
	var docs []string
	for i := range rows {
		u := uuid(i)
		docs = append(docs, fmt.Sprintf(`{"i32":%d,"i64":%d,"d":%d.5,"uuid":"%x","few":"few %d","many":"many %d","bool":true}`,
			-i, int64(i)*12345678901, i, u[:], i/100, i))
	}
	config := parquet.Config{Compatibility: parquet.Modern, BloomColumns: []string{"i32", "i64", "d", "uuid", "few", "many", "bool"}}
	data, res := encodetest.Encode(t, newEncoder(t, config, fields), docs...)
	require.Empty(t, res.Refused)
	f, err := open(data)
	require.NoError(t, err)
	for i, column := range f.Root().Columns() {
		filter := f.RowGroups()[0].ColumnChunks()[i].BloomFilter()
		value := values[column.Name()]
		if value == nil {
			assert.Nil(t, filter, column.Name())
			continue
		}
		others := 0
		for n := range 2 * rows {
			has, err := filter.Check(value(n))
			require.NoError(t, err)
			require.True(t, has || n >= rows, "%s: %v", column.Name(), value(n))
			if has && n >= rows {
				others++
			}
		}
		assert.Less(t, others, rows/20, column.Name())
	}
}

// TestBloomFiltersAreSizedByDistinctValues, whatever the type of the column.
func TestBloomFiltersAreSizedByDistinctValues(t *testing.T) {
	const rows = 20_000
	for distinct, most := range map[int]int{7: 64, 1000: 1400, rows: rows*10/8 + 500} {
		fields := fixed(optional("i32", "int32"), optional("i64", "int64"), optional("d", "double"), optional("u", "uuid"), optional("s", "string"))
		docs := make([]string, rows)
		for i := range docs {
			n := i * 7919 % rows % distinct
			docs[i] = fmt.Sprintf(`{"i32":%d,"i64":%d,"d":%d.5,"u":"00000000-0000-0000-0000-%012d","s":"v%d"}`, n, n, n, n, n)
		}
		data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{BloomColumns: []string{"i32", "i64", "d", "u", "s"}, Compatibility: parquet.Modern}, fields), docs...)
		require.Empty(t, res.Refused)
		f, err := open(data)
		require.NoError(t, err)
		for i, c := range f.RowGroups()[0].ColumnChunks() {
			size := int(f.Metadata().RowGroups[0].Columns[i].MetaData.BloomFilterLength)
			assert.Less(t, size, most+64, "%s of %d values", fields.Fields[i].Name, distinct)
			assert.Greater(t, size, distinct*9/8, "%s of %d values", fields.Fields[i].Name, distinct)
			has, err := c.BloomFilter().Check([]parquetgo.Value{
				parquetgo.Int32Value(3), parquetgo.Int64Value(3), parquetgo.DoubleValue(3.5),
				parquetgo.FixedLenByteArrayValue([]byte{15: 3}), parquetgo.ByteArrayValue([]byte("v3")),
			}[i])
			require.NoError(t, err)
			assert.True(t, has)
		}
	}
}
