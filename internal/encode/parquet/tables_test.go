package parquet_test

import (
	"testing"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

var tables = encodetest.Tables{
	New: func(r *schema.Registry) encode.Encoder {
		e, err := parquet.New(parquet.Config{}, r)
		if err != nil {
			panic(err)
		}
		return e
	},
	Decode: arrowRows,
	Columns: func(object []byte) (out []string, err error) {
		f, err := open(object)
		if err != nil {
			return nil, err
		}
		for _, c := range f.Root().Columns() {
			kind := "group"
			if c.Leaf() {
				kind = c.Type().String()
			} else if c.Column("key_value") != nil {
				kind = "map"
			} else if list := c.Column("list"); list != nil {
				kind = "list"
			}
			out = append(out, c.Name()+":"+kind)
		}
		return out, nil
	},
}

func TestColumnsStay(t *testing.T) {
	t.Parallel()
	tables.Check(t, schema.Config{})
}

func TestColumnsStayAsDecimals(t *testing.T) {
	t.Parallel()
	tables.Check(t, schema.Config{Numbers: schema.Decimals})
}

func TestColumnsStayAsText(t *testing.T) {
	t.Parallel()
	tables.Check(t, schema.Config{OnTypeMismatch: schema.ToString})
}

func TestDeclaredColumnsStay(t *testing.T) {
	t.Parallel()
	tables.Check(t, schema.Config{
		Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen,
		Fields: []schema.FieldConfig{{Name: "b", Type: "int64", Optional: true}, {Name: "a", Type: "group", Optional: true, Fields: []schema.FieldConfig{{Name: "x", Type: "int64", Optional: true}}}},
	})
}

func TestMapsStay(t *testing.T) {
	t.Parallel()
	tables.Check(t, schema.Config{InferMaps: 2})
}

func TestFieldsThatTheFolderHas(t *testing.T) { tables.CheckWithout(t) }

func TestNamesAndTextsThatAreNotText(t *testing.T) { tables.CheckNotText(t) }

func TestDatasetsHaveObjectsOfTheirOwn(t *testing.T) { tables.CheckTurns(t) }
