package parquet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// columnNames lists the columns of a file in order.
func columnNames(data []byte) (names []string, err error) {
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	return names, nil
}

func TestSourceColumns(t *testing.T) {
	encodetest.Sourced{
		New: func(t testing.TB, c schema.Config) encode.Encoder {
			return newEncoder(t, parquet.Config{}, c)
		},
		Decode:  arrowRows,
		Columns: columnNames,
	}.Run(t)
}

// TestSourceColumnsInRowGroupsBuiltAtOnce compares with one core: the columns
// are read by several workers.
func TestSourceColumnsInRowGroupsBuiltAtOnce(t *testing.T) {
	records := make([]record.Record, 3000)
	for i := range records {
		records[i] = record.Record{Raw: fmt.Appendf(nil, `{"i":%d,"pad":"%0200d"}`, i, i*i), Meta: encodetest.FromKafka(i)}
	}
	config := parquet.Config{RowGroupSize: 64 << 10, Cores: parquet.NewCores(3)}
	e := newEncoder(t, config, schema.Config{Columns: encodetest.KColumns(t, source.All)})
	rows, err := arrowRows(encodeRecords(t, e, records))
	require.NoError(t, err)
	require.Len(t, rows, len(records))
	for i, row := range rows {
		require.EqualValues(t, i, row["i"])
		require.EqualValues(t, i, row["k_offset"])
		require.EqualValues(t, i%3, row["k_partition"])
	}
}
