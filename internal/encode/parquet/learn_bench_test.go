package parquet_test

import (
	"bytes"
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// BenchmarkParquetNewDataset writes the first object of a dataset each time: its
// records are learned from before they are written.
func BenchmarkParquetNewDataset(b *testing.B) {
	r, err := schema.New(schema.Config{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := parquet.New(parquet.Config{}, r)
	if err != nil {
		b.Fatal(err)
	}
	records, n := encodetest.Records(encodetest.Clicks(100, 1)), 0
	var out bytes.Buffer
	for b.Loop() {
		n++
		d := record.DatasetOf(string(rune(n)))
		for i := range records {
			records[i].Dataset = d
		}
		out.Reset()
		if _, err := e.Encode(&out, records, 0); err != nil {
			b.Fatal(err)
		}
	}
}
