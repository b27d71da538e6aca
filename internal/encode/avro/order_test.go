package avro_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestRequiredFieldsInAnyOrder has required fields that come late, at the top
// and in a group, and one that does not come at all.
func TestRequiredFieldsInAnyOrder(t *testing.T) {
	group := schema.FieldConfig{Name: "g", Type: "group", Fields: []schema.FieldConfig{{Name: "x", Type: "int64"}, {Name: "y", Type: "int64"}}}
	e := newEncoder(t, avro.Config{}, schema.Config{
		Mode: schema.Fixed, Fields: []schema.FieldConfig{{Name: "b", Type: "int64"}, group, {Name: "a", Type: "string"}},
	})
	for range 2 { // the second time, it is known that they come in another order
		data, res := encodetest.Encode(t, e,
			`{"a":"x","g":{"y":1,"x":2},"b":1}`,
			`{"a":"x","g":{"y":1},"b":1}`,
			`{"a":"x","g":{"x":1,"y":1}}`,
			`{"b":3,"g":{"x":3,"y":3},"a":"z"}`,
		)
		assert.Equal(t, []string{
			`the required field "g.x" is null or missing`, `the required field "b" is null or missing`,
		}, encodetest.Refusals(res))
		rows, err := goavroRows(data)
		require.NoError(t, err)
		assert.JSONEq(t, `[{"b":1,"g":{"x":2,"y":1},"a":"x"},{"b":3,"g":{"x":3,"y":3},"a":"z"}]`, encodetest.JSON(rows))
	}
}
