package parquet_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func TestLocalTimestampsAreNoMoments(t *testing.T) {
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, fixed(
		schema.FieldConfig{Name: "local", Type: "timestamp", Local: true}, schema.FieldConfig{Name: "moment", Type: "timestamp"})),
		`{"local":"2024-01-01 12:00:00","moment":"2024-01-01T12:00:00Z"}`)
	require.Empty(t, res.Refused)
	f, err := open(data)
	require.NoError(t, err)
	for i, utc := range []bool{false, true} {
		e := f.Metadata().Schema[1+i]
		assert.Equal(t, utc, e.LogicalType.V.Timestamp.IsAdjustedToUTC, e.Name)
		assert.True(t, e.ConvertedType.Valid, e.Name)
	}
	rows, err := arrowRows(data)
	require.NoError(t, err)
	assert.Len(t, rows, 1)
}
