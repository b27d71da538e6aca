package parquet_test

import (
	"flag"
	"path/filepath"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenFiles pins the bytes: a change of the encoder that changes files
// must be meant. The files are uncompressed, so that a new version of a
// compressor does not matter.
func TestGoldenFiles(t *testing.T) {
	clicks := make([]string, 0, 50)
	for _, d := range encodetest.Clicks(50, 1) {
		clicks = append(clicks, string(d))
	}
	bloom := parquet.Config{Compression: "none", Compatibility: parquet.Modern, BloomColumns: []string{"id", "string", "uuid"}}
	tests := []struct {
		name   string
		config parquet.Config
		schema schema.Config
		docs   []string
	}{
		{"clicks", parquet.Config{Compression: "none", RowGroupSize: 8 << 10, PageSize: 1 << 10}, schema.Config{InferTimestamps: true}, clicks},
		{"types", bloom, fixed(allTypes()...), []string{everyType, `{"id":2}`}},
		{"clicks_modern", parquet.Config{Compression: "none", RowGroupSize: 8 << 10, PageSize: 1 << 10, Compatibility: parquet.Modern}, schema.Config{InferTimestamps: true}, clicks},
		{"types_widest", parquet.Config{Compression: "none", BloomColumns: []string{"id", "string", "uuid"}}, fixed(allTypes()...), []string{everyType, `{"id":2}`}},
		{"binary", parquet.Config{Compression: "none", BinaryStrings: true}, schema.Config{}, []string{`{"s":"x","l":["y",null]}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data, res := encodetest.Encode(t, newEncoder(t, test.config, test.schema), test.docs...)
			require.Empty(t, res.Refused)
			encodetest.Golden{
				Path: filepath.Join("testdata", test.name+".parquet"), Rows: len(test.docs), Decode: arrowRows, Update: *update,
			}.Check(t, data)
		})
	}
}

func TestFooter(t *testing.T) {
	config := parquet.Config{
		CreatedBy: "me version 1", BloomColumns: []string{"a", "g.b"},
		Metadata: func(records []record.Record) []parquet.KeyValue {
			return []parquet.KeyValue{{Key: "first", Value: string(records[0].Raw)}}
		},
	}
	data, _ := encodetest.Encode(t, newEncoder(t, config, schema.Config{}), `{"a":1,"g":{"b":"x"},"s":"y"}`, `{"a":2}`)
	f, err := open(data)
	require.NoError(t, err)
	assert.Equal(t, "me version 1", f.Metadata().CreatedBy)
	v, _ := f.Lookup("first")
	assert.JSONEq(t, `{"a":1,"g":{"b":"x"},"s":"y"}`, v)
	v, _ = f.Lookup("s3_destination.rows")
	assert.Equal(t, "2", v)
	chunks := f.RowGroups()[0].ColumnChunks()
	ok, err := chunks[0].BloomFilter().Check(parquetgo.Int64Value(2))
	require.NoError(t, err)
	assert.True(t, ok)
	assert.NotNil(t, chunks[1].BloomFilter())
	assert.Nil(t, chunks[2].BloomFilter())
	m := f.Metadata().RowGroups[0].Columns[0].MetaData
	assert.EqualValues(t, 1, m.Statistics.MinValue[0])
	assert.EqualValues(t, 2, m.Statistics.MaxValue[0])
	assert.EqualValues(t, 1, f.Metadata().RowGroups[0].Columns[1].MetaData.Statistics.NullCount)
}

func TestConfigurationErrors(t *testing.T) {
	for want, config := range map[string]parquet.Config{
		`compression "brotli"`: {Compression: "brotli"},
		"row_group_size":       {RowGroupSize: -1},
		"page size":            {PageSize: 2 << 30},
	} {
		_, err := parquet.New(config, registry(t, schema.Config{}))
		assert.ErrorContains(t, err, want)
	}
}
