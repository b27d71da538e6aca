package parquet_test

import (
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func BenchmarkParquetClicks(b *testing.B) {
	docs := encodetest.Clicks(50_000, 1)
	for _, c := range []string{"zstd", "snappy", "none"} {
		b.Run(c, func(b *testing.B) {
			encodetest.Bench(b, newEncoder(b, parquet.Config{Compression: c}, schema.Config{}), docs, 0)
		})
	}
}

func BenchmarkParquetWide(b *testing.B) {
	docs := encodetest.Wide(10_000, 1)
	for _, c := range []string{"zstd", "snappy"} {
		b.Run(c, func(b *testing.B) {
			encodetest.Bench(b, newEncoder(b, parquet.Config{Compression: c}, schema.Config{}), docs, 0)
		})
	}
}
