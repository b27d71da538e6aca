package csv_test

import (
	"bytes"
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func tables(gzip bool) encodetest.Tables {
	plain := func(object []byte) ([]byte, error) {
		if !gzip {
			return object, nil
		}
		return encodetest.Gunzip(object)
	}
	return encodetest.Tables{
		New: func(r *schema.Registry) encode.Encoder {
			return csv.New(csv.Config{Header: true, Gzip: gzip, Schema: r})
		},
		Decode: func(object []byte) ([]map[string]any, error) {
			text, err := plain(object)
			if err != nil {
				return nil, err
			}
			return decode(text, ',')
		},
		Columns: func(object []byte) ([]string, error) {
			text, err := plain(object)
			if err != nil {
				return nil, err
			}
			lines, err := table(bytes.SplitAfterN(text, []byte("\n"), 2)[0], ',')
			if err != nil {
				return nil, err
			}
			return lines[0], nil
		},
		Text: true,
	}
}

func TestColumnsStay(t *testing.T)           { tables(false).Check(t, schema.Config{}) }
func TestColumnsStayCompressed(t *testing.T) { tables(true).Check(t, schema.Config{}) }

func TestFieldsThatTheFolderHas(t *testing.T) { tables(false).CheckWithout(t) }

func TestNamesAndTextsThatAreNotText(t *testing.T) { tables(false).CheckNotText(t) }

func TestDatasetsHaveObjectsOfTheirOwn(t *testing.T) {
	tables(false).CheckTurns(t)
	tables(true).CheckTurns(t)
}
