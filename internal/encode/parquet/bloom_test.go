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
