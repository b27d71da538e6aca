package avro_test

import (
	"bytes"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/stretchr/testify/require"

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

// BenchmarkAvroCompare sets the encoder against goavro, which is what the avro
// processor of Benthos uses to turn JSON into Avro (without a container file).
func BenchmarkAvroCompare(b *testing.B) {
	docs := encodetest.Clicks(5_000, 1)
	b.Run("s3-destination", func(b *testing.B) {
		encodetest.Bench(b, newEncoder(b, avro.Config{}, schema.Config{}), docs, 0)
	})
	b.Run("goavro", func(b *testing.B) {
		text := make([]string, len(docs))
		for i := range docs {
			text[i] = string(docs[i])
		}
		data, _ := encodetest.Encode(b, newEncoder(b, avro.Config{}, schema.Config{}), text...)
		r, err := goavro.NewOCFReader(bytes.NewReader(data))
		require.NoError(b, err)
		codec, err := goavro.NewCodecForStandardJSONFull(string(r.MetaData()["avro.schema"]))
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			for _, d := range docs {
				v, _, err := codec.NativeFromTextual(d)
				require.NoError(b, err)
				_, err = codec.BinaryFromNative(nil, v)
				require.NoError(b, err)
			}
		}
		b.ReportMetric(float64(b.N*len(docs))/b.Elapsed().Seconds()/1000, "krows/s")
	})
}
