package json_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

func TestStrictConformance(t *testing.T) {
	long.Skip(t)
	encodetest.Run(t, encodetest.Subject{
		Name:   "strict",
		New:    func() encode.Encoder { return json.New(json.Config{Strict: true}) },
		Decode: decodeLines,
	})
}

func TestStrictTakesObjectsOnly(t *testing.T) {
	deep := any(1)
	for range 101 {
		deep = map[string]any{"a": deep}
	}
	records := append(raw(`{"a": 1}`, `[1]`, `plain text`, `{"a":1,}`, strings.Repeat(`{"a":`, 101)+"1"+strings.Repeat("}", 101)),
		record.Record{Value: map[string]any{"b": "x"}}, record.Record{Value: []any{1}}, record.Record{Value: deep})
	got, res := encodeText(t, json.Config{Strict: true}, records...)
	assert.Equal(t, []string{`{"a": 1}`, `{"b":"x"}`, ""}, strings.Split(got, "\n"))
	require.Len(t, res.Refused, 6)
	for i, want := range []string{
		"expected a JSON object, since json.strict is set: invalid JSON at offset 0: expected an object, found '['",
		"expected a JSON object, since json.strict is set: invalid JSON at offset 0: expected a value, found 'p'",
		"offset 7: expected a field name in quotes", "at most 100 nested", "of type []interface {}", "more than 100 nested",
	} {
		assert.ErrorContains(t, res.Refused[i].Err, want)
	}
}

func TestStrictWritesAFieldOnce(t *testing.T) {
	docs := []string{
		`{"b":1,"a":9007199254740993.10,"b":{"c":2}}`, `{"x":[{"k":1,"k":1.50}],"a":"\u00e9"}`, `{"a":{"b":1},"b":1}`,
		`{"a":1,"\u0061":2}`, `{"a":1,"\u0062":2}`, `{"\ud800":1,"\udc00":2}`,
	}
	got, res := encodeText(t, json.Config{Strict: true}, raw(docs...)...)
	assert.Equal(t, []string{
		`{"a":9007199254740993.10,"b":{"c":2}}`, `{"a":"é","x":[{"k":1.50}]}`, `{"a":{"b":1},"b":1}`,
		`{"a":2}`, `{"a":1,"\u0062":2}`, "",
	}, strings.Split(got, "\n"))
	assert.Equal(t, 3, res.Twice)
	require.Len(t, res.Refused, 1)
	require.ErrorContains(t, res.Refused[0].Err, "the same once escapes")

	got, res = encodeText(t, json.Config{Strict: true, DuplicateKeys: json.RejectKeys}, raw(docs...)...)
	assert.Equal(t, []string{`{"a":{"b":1},"b":1}`, `{"a":1,"\u0062":2}`, ""}, strings.Split(got, "\n"))
	assert.Zero(t, res.Twice)
	require.Len(t, res.Refused, 4)
	require.ErrorContains(t, res.Refused[0].Err, "json.duplicate_keys is reject")

	got, res = encodeText(t, json.Config{}, raw(docs[0])...)
	assert.Equal(t, docs[0]+"\n", got, "as it came")
	assert.Zero(t, res.Twice)
}

func TestRecordsThatDoNotFitAreNotCountedAsTwice(t *testing.T) {
	var out strings.Builder
	res, err := json.New(json.Config{Strict: true}).Encode(&out, raw(`{"a":1,"a":2}`, `{"a":1,"a":2}`), 10)
	require.NoError(t, err)
	assert.Equal(t, encode.Result{Taken: 1, Rows: 1, Bytes: 8, Notes: encode.Notes{Twice: 1, Whole: true}}, res)
}

func TestStrictRecordsWithColumns(t *testing.T) {
	conf := withColumns(t, "offset")
	conf.Strict = true
	got, res := encodeText(t, conf, record.Record{Raw: []byte(`{"a":1,"a":2}`), Meta: encodetest.Metadata{"kafka_offset": 7}})
	require.Empty(t, res.Refused)
	assert.Equal(t, `{"a":2,"k_offset":7}`+"\n", got)
}
