package avro_test

import (
	"bytes"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// goavroRows reads a file with goavro. Fields are named as in the records, and
// unions are unwrapped.
func goavroRows(data []byte) (rows []map[string]any, err error) {
	r, err := goavro.NewOCFReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text := string(r.MetaData()["avro.schema"])
	for r.Scan() {
		v, err := r.Read()
		if err != nil {
			return nil, err
		}
		rows = append(rows, asWritten(text, v))
	}
	return rows, r.Err()
}

func newEncoder(t testing.TB, c avro.Config, s schema.Config) *avro.Encoder {
	t.Helper()
	r, err := schema.New(s)
	require.NoError(t, err)
	e, err := avro.New(c, r)
	require.NoError(t, err)
	return e
}

func TestConformanceWithSourceColumns(t *testing.T) {
	long.Skip(t)
	columns := encodetest.SourceColumns()
	encodetest.Run(t, encodetest.Subject{
		Name: "snappy",
		New: func() encode.Encoder {
			return newEncoder(t, avro.Config{}, schema.Config{Columns: columns})
		},
		Decode:  goavroRows,
		MinFill: 0.95,
		Columns: columns,
	})
}

func TestConformance(t *testing.T) {
	for _, c := range []string{"snappy"} {
		encodetest.Run(t, encodetest.Subject{
			Name: c,
			New: func() encode.Encoder {
				return newEncoder(t, avro.Config{Codec: c}, schema.Config{})
			},
			Decode:  goavroRows,
			MinFill: 0.95,
		})
	}
}
