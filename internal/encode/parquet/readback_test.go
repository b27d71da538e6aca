package parquet_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// arrowRows reads a file with Apache Arrow, one JSON-like map per row.
func arrowRows(data []byte) (rows []map[string]any, err error) {
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	fr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: 1000}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	table, err := fr.ReadTable(context.Background())
	if err != nil {
		return nil, err
	}
	defer table.Release()
	tr := array.NewTableReader(table, 1000)
	defer tr.Release()
	for tr.Next() {
		batch := tr.RecordBatch()
		for i := range int(batch.NumRows()) {
			row := make(map[string]any, batch.NumCols())
			for j, col := range batch.Columns() {
				row[batch.ColumnName(j)] = arrowValue(col, i)
			}
			rows = append(rows, row)
		}
	}
	return rows, tr.Err()
}

func arrowValue(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Struct:
		row := make(map[string]any)
		for j := range a.NumField() {
			row[a.DataType().(*arrow.StructType).Field(j).Name] = arrowValue(a.Field(j), i)
		}
		return row
	case *array.Map:
		start, end := a.ValueOffsets(i)
		entries := map[string]any{}
		for j := start; j < end; j++ {
			key := arrowValue(a.Keys(), int(j)).(string)
			if _, twice := entries[key]; twice {
				panic("a map has the key " + key + " twice")
			}
			entries[key] = arrowValue(a.Items(), int(j))
		}
		return entries
	case *array.List:
		start, end := a.ValueOffsets(i)
		items := []any{}
		for j := start; j < end; j++ {
			items = append(items, arrowValue(a.ListValues(), int(j)))
		}
		return items
	case array.ExtensionArray:
		if s, ok := a.Storage().(*array.String); ok {
			return s.Value(i)
		}
		return a.ValueStr(i)
	case *array.String:
		return a.Value(i)
	case *array.Binary:
		return bytes.Clone(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Int32:
		return a.Value(i)
	case *array.Float32:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	}
	return a.ValueStr(i)
}

func registry(t testing.TB, c schema.Config) *schema.Registry {
	t.Helper()
	r, err := schema.New(c)
	require.NoError(t, err)
	return r
}

func newEncoder(t testing.TB, c parquet.Config, s schema.Config) *parquet.Encoder {
	t.Helper()
	e, err := parquet.New(c, registry(t, s))
	require.NoError(t, err)
	return e
}

func TestConformanceWithSourceColumns(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	columns := encodetest.SourceColumns()
	encodetest.Run(t, encodetest.Subject{
		Name: "zstd",
		New: func() encode.Encoder {
			return newEncoder(t, parquet.Config{}, schema.Config{Columns: columns})
		},
		Decode: func(object []byte) ([]map[string]any, error) {
			rows, err := arrowRows(object)
			for _, row := range rows {
				if text, ok := row["kafka_timestamp"].(string); ok && err == nil {
					row["kafka_timestamp"], err = time.Parse(time.RFC3339Nano, text)
				}
			}
			return rows, err
		},
		MinLimit: 256 << 10,
		MinFill:  0.8, // more columns make a small file harder to foretell
		Columns:  columns,
	})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"zstd"} {
		encodetest.Run(t, encodetest.Subject{
			Name: c,
			New: func() encode.Encoder {
				return newEncoder(t, parquet.Config{Compression: c}, schema.Config{})
			},
			Decode:   arrowRows,
			MinLimit: 256 << 10,
			MinFill:  0.93,
		})
	}
}
