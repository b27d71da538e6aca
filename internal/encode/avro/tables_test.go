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

var tables = encodetest.Tables{
	New: func(r *schema.Registry) encode.Encoder {
		e, err := avro.New(avro.Config{}, r)
		if err != nil {
			panic(err)
		}
		return e
	},
	Decode: goavroRows,
	Named:  true,
	Columns: func(object []byte) (out []string, err error) {
		r, err := goavro.NewOCFReader(bytes.NewReader(object))
		if err != nil {
			return nil, err
		}
		var s struct {
			Fields []struct {
				Name, OriginalName string
				Type               json.RawMessage
			}
		}
		if err := json.Unmarshal(r.MetaData()["avro.schema"], &s); err != nil {
			return nil, err
		}
		for _, f := range s.Fields {
			kind := string(f.Type)
			switch {
			case bytes.HasPrefix(f.Type, []byte(`["null",{"type":"record"`)):
				kind = "group"
			case bytes.HasPrefix(f.Type, []byte(`["null",{"type":"array"`)):
				kind = "list"
			case bytes.HasPrefix(f.Type, []byte(`["null",{"type":"map"`)):
				kind = "map"
			}
			out = append(out, f.Name+":"+kind)
		}
		return out, nil
	},
}

func TestColumnsStay(t *testing.T) { tables.Check(t, schema.Config{}) }

func TestMapsStay(t *testing.T) { tables.Check(t, schema.Config{InferMaps: 2}) }

func TestFieldsThatTheFolderHas(t *testing.T) { tables.CheckWithout(t) }

func TestNamesAndTextsThatAreNotText(t *testing.T) { tables.CheckNotText(t) }

func TestDatasetsHaveObjectsOfTheirOwn(t *testing.T) { tables.CheckTurns(t) }
