package parquet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
)

func TestMissingFieldsHaveTheirDefault(t *testing.T) {
	config := encodetest.Defaults(t)
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, config), encodetest.Lacking.Docs...)
	require.Empty(t, res.Refused)
	requireRows(t, encodetest.Lacking.Want, data)
	data, res = encodetest.EncodeRecords(t, newEncoder(t, parquet.Config{}, config), encodetest.Parsed(encodetest.Lacking.Docs))
	require.Empty(t, res.Refused)
	requireRows(t, encodetest.Lacking.Want, data)

	_, res = encodetest.Encode(t, newEncoder(t, parquet.Config{}, config), encodetest.NotLacking.Docs...)
	encodetest.RequireRefused(t, encodetest.NotLacking.Want, res)
}
