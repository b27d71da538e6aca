package avro_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// encodeSome encodes records of which some may be refused.
func encodeSome(t *testing.T, e encode.Encoder, records []record.Record) ([]byte, encode.Result) {
	t.Helper()
	var buf bytes.Buffer
	res, err := e.Encode(&buf, records, 0)
	require.NoError(t, err)
	require.Equal(t, len(records), res.Taken)
	return buf.Bytes(), res
}

// refusals are the reasons for which records were refused.
func refusals(res encode.Result) (reasons []string) {
	for _, r := range res.Refused {
		reasons = append(reasons, r.Err.Error())
	}
	return reasons
}

// TestRequiredFieldsInAnyOrder has required fields that come late, at the top
// and in a group, and one that does not come at all.
func TestRequiredFieldsInAnyOrder(t *testing.T) {
	group := schema.FieldConfig{Name: "g", Type: "group", Fields: []schema.FieldConfig{{Name: "x", Type: "int64"}, {Name: "y", Type: "int64"}}}
	e := newEncoder(t, avro.Config{}, schema.Config{
		Mode: schema.Fixed, Fields: []schema.FieldConfig{{Name: "b", Type: "int64"}, group, {Name: "a", Type: "string"}},
	})
	for range 2 { // the second time, it is known that they come in another order
		data, res := encodeSome(t, e, []record.Record{
			{Raw: []byte(`{"a":"x","g":{"y":1,"x":2},"b":1}`)},
			{Raw: []byte(`{"a":"x","g":{"y":1},"b":1}`)},
			{Raw: []byte(`{"a":"x","g":{"x":1,"y":1}}`)},
			{Raw: []byte(`{"b":3,"g":{"x":3,"y":3},"a":"z"}`)},
		})
		assert.Equal(t, []string{
			`the required field "g.x" is null or missing`, `the required field "b" is null or missing`,
		}, refusals(res))
		rows, err := goavroRows(data)
		require.NoError(t, err)
		assert.JSONEq(t, `[{"b":1,"g":{"x":2,"y":1},"a":"x"},{"b":3,"g":{"x":3,"y":3},"a":"z"}]`, mustJSON(rows))
	}
}
