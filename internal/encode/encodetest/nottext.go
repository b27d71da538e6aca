package encodetest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// CheckNotText gives records to an encoder that a processor has made, with names
// and texts that are not UTF-8: texts are replaced, and a name for which a column
// would have to be named makes a bad record, as do two that become equal.
func (z Tables) CheckNotText(t *testing.T) {
	t.Helper()
	r, err := schema.New(schema.Config{})
	require.NoError(t, err)
	records := []record.Record{
		{Value: map[string]any{"a": "x\xffy"}},
		{Value: map[string]any{"a": "z", "b\xff": 1}},
		{Value: map[string]any{"a": "z", "o": map[string]any{"\xff": 1, "\xfe": 1}}},
	}
	var out bytes.Buffer
	res, err := z.New(r).Encode(&out, records, 0)
	require.NoError(t, err)
	require.Len(t, res.Refused, 2)
	require.ErrorContains(t, res.Refused[0].Err, "not UTF-8")
	require.ErrorContains(t, res.Refused[1].Err, "not UTF-8")
	rows, err := z.Decode(out.Bytes())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, "x\uFFFDy", rows[0]["a"])
}
