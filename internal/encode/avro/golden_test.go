package avro_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenFiles pins the bytes: a change of the encoder that changes files
// must be meant. The files are uncompressed, so that a new version of a
// compressor does not matter.
func TestGoldenFiles(t *testing.T) {
	clicks := make([]string, 0, 30)
	for _, d := range encodetest.Clicks(30, 1) {
		clicks = append(clicks, string(d))
	}
	tests := []struct {
		name   string
		config avro.Config
		docs   []string
	}{
		{"clicks", avro.Config{Codec: "null", BlockSize: 4 << 10}, clicks},
		{"binary", avro.Config{Codec: "null", BinaryStrings: true}, []string{`{"s":"x","l":["y",null]}`}},
		{"names", avro.Config{Codec: "null"}, []string{`{"a-b":1,"a_b":{"x y":"z"}}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data, res := encodetest.Encode(t, newEncoder(t, test.config, schema.Config{InferTimestamps: true}), test.docs...)
			require.Empty(t, res.Refused)
			encodetest.Golden{
				Path: filepath.Join("testdata", test.name+".avro"), Rows: len(test.docs), Decode: goavroRows, Update: *update,
			}.Check(t, data)
		})
	}
}

func TestConfigurationErrors(t *testing.T) {
	reg, err := schema.New(schema.Config{})
	require.NoError(t, err)
	for want, config := range map[string]avro.Config{
		`codec "lzo"`:        {Codec: "lzo"},
		"the block size":     {BlockSize: -1},
		"not a valid Avro n": {RecordName: "a-b"},
	} {
		_, err := avro.New(config, reg)
		assert.ErrorContains(t, err, want)
	}
}
