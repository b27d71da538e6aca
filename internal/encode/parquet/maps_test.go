package parquet_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// requireSparse demands that a file has rows, as far as they are not null.
func requireSparse(t *testing.T, want []string, file []byte) {
	t.Helper()
	rows, err := arrowRows(file)
	require.NoError(t, err)
	encodetest.RequireSparse(t, want, rows)
}

func TestMaps(t *testing.T) {
	config := fixed(encodetest.MapFields()...)
	for _, test := range encodetest.Maps {
		t.Run(test.Name, func(t *testing.T) {
			data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, config), test.Docs...)
			require.Empty(t, res.Refused)
			requireSparse(t, test.Rows(), data)
			data, res = encodetest.EncodeRecords(t, newEncoder(t, parquet.Config{}, config), encodetest.Structured(encodetest.Bytes(test.Rows())))
			require.Empty(t, res.Refused)
			requireSparse(t, test.Rows(), data)
		})
	}
	nested := fixed(encodetest.NestedMapFields()...)
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, nested), encodetest.NestedMaps...)
	require.Empty(t, res.Refused)
	requireSparse(t, encodetest.NestedMaps, data)
	parsed, _ := encodetest.EncodeRecords(t, newEncoder(t, parquet.Config{}, nested), encodetest.Structured(encodetest.Bytes(encodetest.NestedMaps)))
	assert.Equal(t, data, parsed, "keys of these records come in order")
}

func TestMapsLookAsTheFormatSays(t *testing.T) {
	config := fixed(encodetest.MapFields()[:2]...)
	config.FieldIDs = true
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{BloomColumns: []string{"m.key_value.key"}}, config), `{"m":{"a":1,"b":2}}`)
	f, err := open(data)
	require.NoError(t, err)
	assert.Equal(t, `message schema {
	optional group m (MAP) = 1 {
		repeated group key_value {
			required binary key (STRING) = 3;
			optional int64 value (INT(64,true)) = 4;
		}
	}
	optional int64 id (INT(64,true)) = 2;
}`, f.Schema().String())
	filter := f.RowGroups()[0].ColumnChunks()[0].BloomFilter()
	require.NotNil(t, filter)
}

func TestValuesOfMapsThatDoNotFit(t *testing.T) {
	config := fixed(encodetest.NestedMapFields()...)
	refused := []string{`{"m":{"a":1}}`, `{"m":[1]}`, `{"m":"x"}`, `{"m":{"a":{"y":{"k":"x"}}}}`}
	_, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, config), append(refused, `{"z":1}`)...)
	assert.Equal(t, []string{
		`field "m.*": 1 does not fit a column of type group`, `field "m": [1] does not fit a column of type map`,
		`field "m": "x" does not fit a column of type map`, `field "m.*.y.*": "x" does not fit a column of type int64`,
	}, encodetest.Refusals(res))

	config.OnTypeMismatch = schema.Rescue
	docs := []string{`{"m":{"a/b":{"x":[1,"two"],"y":{"k":3,"~":"four"}},"c":5}}`}
	want := []string{`{"m":{"a/b":{"x":[1,null],"y":{"k":3,"~":null}},"c":null},"_rescued_data":"{\"/m/a~1b/x/1\":\"two\",\"/m/a~1b/y/~0\":\"four\",\"/m/c\":5}"}`}
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, config), docs...)
	require.Empty(t, res.Refused)
	requireSparse(t, want, data)
	data, _ = encodetest.EncodeRecords(t, newEncoder(t, parquet.Config{}, config), encodetest.Structured(encodetest.Bytes(docs)))
	requireSparse(t, want, data)
}

func TestInferredMaps(t *testing.T) {
	e := newEncoder(t, parquet.Config{}, schema.Config{InferMaps: 2})
	data, _ := encodetest.Encode(t, e, `{"o":{"a":1,"b":2},"n":1}`)
	requireSparse(t, []string{`{"o":{"a":1,"b":2},"n":1}`}, data)
	docs := []string{`{"o":{"a":1},"n":1}`, `{"o":{"c":2.5},"n":2}`, `{"o":{"d":3,"d":"x"},"n":3}`}
	want := []string{`{"o":{"a":"1"},"n":1}`, `{"o":{"c":"2.5"},"n":2}`, `{"o":{"d":"x"},"n":3}`}
	data, res := encodetest.Encode(t, e, docs...)
	require.Empty(t, res.Refused)
	requireSparse(t, want, data)
}
