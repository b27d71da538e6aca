package encodetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
)

// RequireStopsAtSchemaChange checks what an encoder says of an object that ends
// before a record with a new field, in a format whose objects have one schema.
// The blocks of the encoder must be much smaller than 8 KiB.
func RequireStopsAtSchemaChange(t *testing.T, e encode.Encoder) {
	t.Helper()
	const before, after = 2000, 10
	docs := make([][]byte, 0, before+after)
	for i := range before + after {
		doc := fmt.Sprintf(`{"id":%d,"name":"number %d"}`, i, i*7919)
		if i >= before {
			doc = doc[:len(doc)-1] + `,"new":"x"}`
		}
		docs = append(docs, []byte(doc))
	}
	records := Records(docs)
	// What the first object does not have yet, its schema would learn at once.
	_, err := e.Encode(&bytes.Buffer{}, records[:1], 0)
	require.NoError(t, err)

	res, err := e.Encode(&bytes.Buffer{}, records, 4<<10)
	require.NoError(t, err)
	require.Less(t, res.Taken, before)
	assert.Equal(t, encode.Full, res.Stopped, "the limit ended the object, not the new field")

	res, err = e.Encode(&bytes.Buffer{}, records, 0)
	require.NoError(t, err)
	require.Equal(t, before, res.Taken, "the new field begins another object")
	assert.Equal(t, encode.SchemaChanged, res.Stopped)

	res, err = e.Encode(&bytes.Buffer{}, records[before:], 0)
	require.NoError(t, err)
	require.Equal(t, after, res.Taken)
	assert.Equal(t, encode.Full, res.Stopped)
}
