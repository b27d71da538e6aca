package avro_test

import (
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func BenchmarkAvroClicks(b *testing.B) {
	docs := encodetest.Clicks(20_000, 1)
	for _, c := range []string{"snappy", "zstandard", "deflate", "null"} {
		b.Run(c, func(b *testing.B) {
			encodetest.Bench(b, newEncoder(b, avro.Config{Codec: c}, schema.Config{}), docs, 0)
		})
	}
	b.Run("snappy shuffled", func(b *testing.B) {
		encodetest.Bench(b, newEncoder(b, avro.Config{}, schema.Config{}), encodetest.Shuffled(docs, 2), 0)
	})
}

func BenchmarkAvroWide(b *testing.B) {
	docs := encodetest.Wide(5_000, 1)
	encodetest.Bench(b, newEncoder(b, avro.Config{}, schema.Config{}), docs, 0)
}
