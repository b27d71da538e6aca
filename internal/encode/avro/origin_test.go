package avro_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/linkedin/goavro/v2"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// columnNames lists the fields of a file in order.
func columnNames(data []byte) (names []string, err error) {
	r, err := goavro.NewOCFReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var schema struct {
		Fields []struct{ Name string }
	}
	err = json.Unmarshal(r.MetaData()["avro.schema"], &schema)
	for _, field := range schema.Fields {
		names = append(names, field.Name)
	}
	return names, err
}

func TestSourceColumns(t *testing.T) {
	encodetest.Sourced{
		New: func(t testing.TB, c schema.Config) encode.Encoder {
			return newEncoder(t, avro.Config{}, c)
		},
		Decode:  goavroRows,
		Columns: columnNames,
	}.Run(t)
}
