package parquet_test

import (
	"fmt"
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// FuzzParquet writes many small row groups, one after the other and several at
// once.
func FuzzParquet(f *testing.F) {
	cores := parquet.NewCores(3)
	var long encodetest.Case
	for i := range 60 {
		long.Docs = append(long.Docs, fmt.Sprintf(`{"n":%d,"s":"text %d","l":[%d,null],"g":{"b":%t}}`, i, i*i, i%3, i%2 == 0))
	}
	encodetest.Fuzzed{
		Seeds: append(inferred, long),
		New: []func(testing.TB) encode.Encoder{
			func(t testing.TB) encode.Encoder {
				return newEncoder(t, parquet.Config{RowGroupSize: 500, PageSize: 50}, schema.Config{})
			},
			// Row groups as small as these are worth a core for a few lines.
			func(t testing.TB) encode.Encoder {
				return newEncoder(t, parquet.Config{RowGroupSize: 60, PageSize: 20, Cores: cores}, schema.Config{})
			},
		},
		Decode: func(data []byte) ([]map[string]any, error) {
			if _, err := pageValues(data); err != nil {
				return nil, err
			}
			return arrowRows(data)
		},
	}.Fuzz(f)
}
