package parquet

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestVerifyNoticesWhatIsWrong damages what follows the row groups of a good
// file: nothing of the kind may be published.
func TestVerifyNoticesWhatIsWrong(t *testing.T) {
	registry, err := schema.New(schema.Config{})
	require.NoError(t, err)
	e, err := New(Config{BloomColumns: []string{"a"}}, registry)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = e.Encode(&out, []record.Record{{Raw: []byte(`{"a":1,"b":"x"}`)}, {Raw: []byte(`{"a":2,"b":"x"}`)}}, 0)
	require.NoError(t, err)
	data := out.Bytes()
	footer := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	tail := data[len(data)-8-footer:]
	at := groupsEnd(t, tail)
	require.NoError(t, verify(tail, at, 2))

	assert.ErrorContains(t, verify(tail, at+1, 2), "the row groups end at")
	assert.ErrorContains(t, verify(tail, at, 3), "the footer tells 2 and 2 rows, not 3")
	assert.ErrorContains(t, verify(tail[:7], at, 2), "does not end with PAR1")
	assert.ErrorContains(t, verify(tail[1:], at, 2), "longer than the end of the file")
	cut := slices.Clone(tail)
	binary.LittleEndian.PutUint32(cut[len(cut)-8:], uint32(footer-1))
	assert.ErrorContains(t, verify(cut, at, 2), "reading the footer")
	moved := bytes.Replace(tail, []byte{0x26, 0x08}, []byte{0x26, 0x0A}, 1) // the offset of the first page
	require.NotEqual(t, tail, moved)
	assert.ErrorContains(t, verify(moved, at, 2), "row group 0, column 0 begins at 5, not at 4")
}

// groupsEnd asks verify where the row groups end.
func groupsEnd(t *testing.T, tail []byte) int64 {
	t.Helper()
	for at := range int64(1000) {
		if verify(tail, at, 2) == nil {
			return at
		}
	}
	t.Fatal("the row groups end nowhere")
	return 0
}
