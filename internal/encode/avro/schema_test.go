package avro_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func TestReadSchema(t *testing.T) {
	data, _ := encodetest.Encode(t, newEncoder(t, avro.Config{}, schema.Config{}), `{"a-b":1,"c":[{"d":1.5}],"e":{"f":"x"}}`)
	fields, err := avro.ReadSchema(bytes.NewReader(data))
	require.NoError(t, err)
	require.Len(t, fields, 3)
	assert.Equal(t, []any{"a-b", schema.Int64, true}, []any{fields[0].Name, fields[0].Type, fields[0].Optional})
	assert.Equal(t, schema.Double, fields[1].Elem.Fields[0].Type)
	assert.Equal(t, "f", fields[2].Fields[0].Name)

	block := "Obj\x01\x01\x16" + "\x16avro.schema" + "\x08\"x\"" // a block with its size, and a schema that is cut
	for name, text := range map[string]string{
		"empty": "", "text": "xxxxxxxx", "cut": string(data[:20]), "no schema": "Obj\x01\x00", "a size": block, "negative": "Obj\x01\x02\x01",
	} {
		_, err := avro.ReadSchema(strings.NewReader(text))
		assert.Error(t, err, name)
	}
}
