package avro_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// requireRows demands that a file has rows, as far as they are not null.
func requireRows(t *testing.T, want []string, file []byte) {
	t.Helper()
	rows, err := goavroRows(file)
	require.NoError(t, err)
	encodetest.RequireSparse(t, want, rows)
}

func TestMaps(t *testing.T) {
	fields := func(fields []schema.FieldConfig) schema.Config {
		return schema.Config{Mode: schema.Fixed, Fields: fields}
	}
	for _, test := range encodetest.Maps {
		t.Run(test.Name, func(t *testing.T) {
			config := fields(encodetest.MapFields())
			data, res := encodetest.Encode(t, newEncoder(t, avro.Config{}, config), test.Docs...)
			require.Empty(t, res.Refused)
			requireRows(t, test.Rows(), data)
			data, res = encodetest.EncodeRecords(t, newEncoder(t, avro.Config{}, config), encodetest.Structured(encodetest.Bytes(test.Rows())))
			require.Empty(t, res.Refused)
			requireRows(t, test.Rows(), data)
		})
	}
	nested := fields(encodetest.NestedMapFields())
	data, res := encodetest.Encode(t, newEncoder(t, avro.Config{}, nested), encodetest.NestedMaps...)
	require.Empty(t, res.Refused)
	requireRows(t, encodetest.NestedMaps, data)

	nested.OnTypeMismatch = schema.Rescue
	docs := []string{`{"m":{"a/b":{"x":[1,"two"],"y":{"k":3,"~":"four"}},"c":5}}`}
	want := []string{`{"m":{"a/b":{"x":[1,null],"y":{"k":3,"~":null}},"c":null},"_rescued_data":"{\"/m/a~1b/x/1\":\"two\",\"/m/a~1b/y/~0\":\"four\",\"/m/c\":5}"}`}
	data, _ = encodetest.Encode(t, newEncoder(t, avro.Config{}, nested), docs...)
	requireRows(t, want, data)
	data, _ = encodetest.EncodeRecords(t, newEncoder(t, avro.Config{}, nested), encodetest.Structured(encodetest.Bytes(docs)))
	requireRows(t, want, data)
}

// TestAMapHasAKeyOnce looks at the bytes, since readers keep only the last one.
func TestAMapHasAKeyOnce(t *testing.T) {
	config := schema.Config{Mode: schema.Fixed, Fields: encodetest.MapFields()}
	once, _ := encodetest.Encode(t, newEncoder(t, avro.Config{}, config), `{"m":{"a":3,"b":2}}`)
	twice, _ := encodetest.Encode(t, newEncoder(t, avro.Config{}, config), `{"m":{"a":1,"b":2,"a":3}}`)
	assert.Equal(t, once, twice)
}

func TestInferredMaps(t *testing.T) {
	e := newEncoder(t, avro.Config{}, schema.Config{InferMaps: 2})
	data, _ := encodetest.Encode(t, e, `{"o":{"a":{"x":1},"b":null},"n":1}`)
	requireRows(t, []string{`{"o":{"a":{"x":1}},"n":1}`}, data)
	docs := []string{`{"n":1,"o":{"a":{"x":1}}}`, `{"o":{"b":{"y":2},"c":{"x":2.5}},"n":2}`, `{"o":{"\ud800":{},"d":null},"n":3}`, `{"o":{"\ud800":1,"\udc00":2}}`}
	want := []string{
		`{"o":{"a":{"x":1,"y":null}},"n":1}`, `{"o":{"b":{"x":null,"y":2},"c":{"x":2.5,"y":null}},"n":2}`,
		`{"o":{"�":{"x":null,"y":null},"d":null},"n":3}`,
	}
	data, res := encodetest.Encode(t, e, docs...)
	require.Len(t, res.Refused, 1)
	require.ErrorContains(t, res.Refused[0].Err, "lone surrogates")
	requireRows(t, want, data)
}
