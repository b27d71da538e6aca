package json_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
)

// A record counts as it came, in every format: what is left out is named after it,
// and never refused for it.
func TestHalfACharacterInAFieldThatTheFolderHas(t *testing.T) {
	for _, strict := range []bool{true, false} {
		encoder := json.New(json.Config{Strict: strict, InvalidUnicode: json.RejectUnicode, Without: []string{"country"}})
		data, res := encodetest.Encode(t, encoder, `{"country":"\ud800","id":1}`)
		assert.Equal(t, "{\"id\":1}\n", string(data))
		assert.Empty(t, res.Refused)
		assert.False(t, res.Whole)

		_, res = encodetest.Encode(t, encoder, `{"country":"\ud83d\ude00","id":1}`)
		assert.True(t, res.Whole, "nothing is left of the object before")
	}
}

func TestFieldsThatTheFolderHas(t *testing.T) {
	docs := []string{
		`{"country":"de","id":1}`, `{ "id" : 2 , "country" : {"id":[1]} }` + "\n", `{"id":3,"day":4,"o":{"day":1},"country":5,"z":"x,"}`,
		`{"day":1}`, `{"id":4}`, `{"c\u006funtry":1,"id":5,"country":2}`,
	}
	want := "{\"id\":1}\n{\"id\" : 2}\n{\"id\":3,\"o\":{\"day\":1},\"z\":\"x,\"}\n{}\n{\"id\":4}\n{\"id\":5}\n"
	config := json.Config{Strict: true, Without: []string{"country", "day"}}
	data, res := encodetest.Encode(t, json.New(config), docs...)
	require.Empty(t, res.Refused)
	assert.Equal(t, want, string(data))

	records := encodetest.Structured(encodetest.Bytes(docs[:5]))
	data, res = encodetest.EncodeRecords(t, json.New(config), records)
	require.Empty(t, res.Refused)
	assert.Equal(t, []string{`{"id":1}`, `{"id":2}`, `{"id":3,"o":{"day":1},"z":"x,"}`, `{}`, `{"id":4}`, ""}, strings.Split(string(data), "\n"))
	assert.Contains(t, records[0].Value, "country", "the record itself, which a dead letter would have, is whole")

	config.Columns = encodetest.SourceColumns()
	data, _ = encodetest.Encode(t, json.New(config), docs[0])
	assert.True(t, bytes.HasPrefix(data, []byte(`{"id":1,"kafka_`)), string(data))

	_, err := json.New(config).Encode(&bytes.Buffer{}, []record.Record{{Raw: []byte(`{"country":1,"id"`)}}, 0)
	require.NoError(t, err)
	for _, bad := range []string{`[1]`, `{"country":1,}`, `{"country":1}x`, `{"country":tru}`} {
		_, res := encodetest.Encode(t, json.New(config), bad)
		assert.Len(t, res.Refused, 1, bad)
	}
}
