package avro_test

import (
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// FuzzAvro writes many small blocks.
func FuzzAvro(f *testing.F) {
	encodetest.Fuzzed{
		Seeds: inferred,
		New: []func(testing.TB) encode.Encoder{
			func(t testing.TB) encode.Encoder {
				return newEncoder(t, avro.Config{BlockSize: 300}, schema.Config{})
			},
		},
		Decode: goavroRows,
	}.Fuzz(f)
}
