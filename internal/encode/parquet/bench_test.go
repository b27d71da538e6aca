package parquet_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

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
	for _, c := range []string{"zstd", "snappy", "none"} {
		b.Run(c, func(b *testing.B) {
			encodetest.Bench(b, newEncoder(b, parquet.Config{Compression: c}, schema.Config{}), docs, 0)
		})
	}
}

// BenchmarkParquetParsed takes records that a processor has parsed.
func BenchmarkParquetParsed(b *testing.B) {
	records := encodetest.Structured(encodetest.Clicks(20_000, 1))
	e := newEncoder(b, parquet.Config{}, schema.Config{})
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if res, err := e.Encode(&out, records, 0); err != nil || res.Rows != len(records) {
			b.Fatal(res, err)
		}
	}
	b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds()/1000, "krows/s")
}

// BenchmarkParquetShuffled has fields in an order that cannot be predicted.
func BenchmarkParquetShuffled(b *testing.B) {
	docs := encodetest.Shuffled(encodetest.Clicks(20_000, 1), 2)
	encodetest.Bench(b, newEncoder(b, parquet.Config{}, schema.Config{}), docs, 0)
}

// BenchmarkParquetCapped cuts files of 1 MiB.
func BenchmarkParquetCapped(b *testing.B) {
	records := encodetest.Records(encodetest.Clicks(40_000, 1))
	e := newEncoder(b, parquet.Config{}, schema.Config{})
	for b.Loop() {
		for rest := records; len(rest) > 0; {
			res, err := e.Encode(io.Discard, rest, 1<<20)
			if err != nil {
				b.Fatal(err)
			}
			rest = rest[res.Taken:]
		}
	}
	b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds()/1000, "krows/s")
}

// BenchmarkParquetParallel encodes one large object on one core and on two; it
// says something at GOMAXPROCS 2 and above. The capped variant cuts a full
// object out of more records than it holds.
func BenchmarkParquetParallel(b *testing.B) {
	docs := encodetest.Clicks(200_000, 1)
	for _, codec := range []string{"zstd", "snappy"} {
		for _, limit := range []int64{0, 12 << 20} {
			for _, cores := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/limit=%dM/cores=%d", codec, limit>>20, cores), func(b *testing.B) {
					e := newEncoder(b, parquet.Config{Compression: codec, Cores: parquet.NewCores(cores)}, schema.Config{})
					_, err := e.Encode(io.Discard, encodetest.Records(docs), limit) // learn the schema and the sizes
					require.NoError(b, err)
					rows := 0
					for b.Loop() {
						res, err := e.Encode(io.Discard, encodetest.Records(docs), limit)
						require.NoError(b, err)
						rows += res.Rows
					}
					b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1000, "krows/s")
				})
			}
		}
	}
}
