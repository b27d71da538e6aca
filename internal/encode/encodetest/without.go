package encodetest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// CheckWithout leaves fields out that the folder holds, also declared ones, those
// of parsed records, and where other fields are refused.
func (z Tables) CheckWithout(t *testing.T) {
	t.Helper()
	docs := []string{`{"country":"de","id":1}`, `{"id":2,"country":{"id":[1]},"o":{"country":5}}`, `{"day":1}`, `{"id":3,"country":null,"day":{}}`}
	fields := []schema.FieldConfig{
		{Name: "country", Type: "string"},
		{Name: "id", Type: "int64", Optional: true},
		{Name: "o", Type: "group", Optional: true, Fields: []schema.FieldConfig{{Name: "country", Type: "int64", Optional: true}}},
	}
	for name, c := range map[string]schema.Config{
		"inferred": {},
		"declared": {Mode: schema.Fixed, Fields: fields},
		"dropping": {Mode: schema.Fixed, Fields: fields, OnUnknownField: schema.Drop},
	} {
		c.Without = []string{"country", "day"}
		for _, records := range [][]record.Record{Records(Bytes(docs)), Structured(Bytes(docs))} {
			r, err := schema.New(c)
			require.NoError(t, err)
			var out bytes.Buffer
			res, err := z.New(r).Encode(&out, records, 0)
			require.NoError(t, err)
			require.Empty(t, res.Refused, name)
			columns, err := z.Columns(out.Bytes())
			require.NoError(t, err)
			require.Len(t, columns, 2, "%s: %v", name, columns)
			rows, err := z.Decode(out.Bytes())
			require.NoError(t, err)
			require.Len(t, rows, len(docs))
			require.NotContains(t, rows[0], "country")
			require.NotNil(t, rows[1]["o"], "a field inside of another is not in the folder")
		}
	}
	r, err := schema.New(schema.Config{Without: []string{"country"}})
	require.NoError(t, err)
	res, err := z.New(r).Encode(&bytes.Buffer{}, Records(Bytes([]string{`{"country":"\ud800","id":1}`})), 0)
	require.NoError(t, err)
	require.False(t, res.Whole, "a record counts as it came")
	refused := []string{`{"id":1,"day":2}`}
	if !z.Text { // cells take whatever is inside
		refused = append(refused, `{"o":{"x":1}}`)
	}
	for _, records := range [][]record.Record{Records(Bytes(append(refused, `{"id":1,"x":2}`))), Structured(Bytes(append(refused, `{"id":1,"x":2}`)))} {
		r, err := schema.New(schema.Config{Mode: schema.Fixed, Fields: fields, Without: []string{"country", "x"}})
		require.NoError(t, err)
		var out bytes.Buffer
		res, err := z.New(r).Encode(&out, records, 0)
		require.NoError(t, err)
		require.Len(t, res.Refused, len(refused), "others are refused, and those inside of fields")
	}
}
