package avro_test

import (
	"bytes"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func TestMissingFieldsHaveTheirDefault(t *testing.T) {
	config := encodetest.Defaults(t)
	data, res := encodetest.Encode(t, newEncoder(t, avro.Config{}, config), encodetest.Lacking.Docs...)
	require.Empty(t, res.Refused)
	requireRows(t, encodetest.Lacking.Want, data)
	data, res = encodetest.EncodeRecords(t, newEncoder(t, avro.Config{}, config), encodetest.Parsed(encodetest.Lacking.Docs))
	require.Empty(t, res.Refused)
	requireRows(t, encodetest.Lacking.Want, data)

	_, res = encodetest.Encode(t, newEncoder(t, avro.Config{}, config), encodetest.NotLacking.Docs...)
	encodetest.RequireRefused(t, encodetest.NotLacking.Want, res)
}

// TestDefaultsOfAFile is for consumers who take the schema of a file for their own.
func TestDefaultsOfAFile(t *testing.T) {
	config := encodetest.Defaults(t)
	config.OnUnknownField, config.OnTypeMismatch = schema.Add, schema.Widen
	data, res := encodetest.Encode(t, newEncoder(t, avro.Config{}, config), `{"id":1}`, `{"id":2,"n":"text","l":[true],"new":1}`)
	require.Empty(t, res.Refused)
	requireRows(t, []string{
		`{"id":1,"n":"9007199254740993","s":"a,b","l":"[1,2]","none":[],"g":{"x":7,"y":"why"},"null":null,"last":true,"new":null}`,
		`{"id":2,"n":"text","s":"a,b","l":"[true]","none":[],"g":{"x":7,"y":"why"},"null":null,"last":true,"new":1}`,
	}, data)
	r, err := goavro.NewOCFReader(bytes.NewReader(data))
	require.NoError(t, err)
	assert.JSONEq(t, `{"type":"record","name":"Record","fields":[
		{"name":"id","type":"long"},
		{"name":"n","type":"string","default":"9007199254740993"},
		{"name":"s","type":"string","default":"a,b"},
		{"name":"l","type":"string","default":"[1,2]"},
		{"name":"none","type":{"type":"array","items":"long"},"default":[]},
		{"name":"g","type":{"type":"record","name":"Record_g","fields":[
			{"name":"x","type":"long"},{"name":"y","type":"string","default":"why"}
		]},"default":{"x":7,"y":"why"}},
		{"name":"null","type":["null","long"],"default":null},
		{"name":"last","type":"boolean","default":true},
		{"name":"new","type":["null","long"],"default":null}
	]}`, string(r.MetaData()["avro.schema"]))
}
