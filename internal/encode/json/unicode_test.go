package json_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
)

func TestEscapesOfHalfACharacter(t *testing.T) {
	docs := []string{`{"a":"\ud800","b":"\ud83d\ude00"}`, `{"\ud800":1,"\udc00":2}`, `{"a":1}`, "\"\\udfff\"\n"}
	got, res := encodeText(t, json.Config{}, raw(docs...)...)
	assert.Equal(t, []string{`{"a":"\ufffd","b":"\ud83d\ude00"}`, `{"a":1}`, `"\ufffd"`, ""}, strings.Split(got, "\n"))
	require.Len(t, res.Refused, 1, "no value is lost")
	require.ErrorContains(t, res.Refused[0].Err, "the same once escapes")
	assert.False(t, res.Whole)

	_, res = encodeText(t, json.Config{InvalidUnicode: json.RejectUnicode}, raw(docs...)...)
	assert.Len(t, res.Refused, 3)

	got, _ = encodeText(t, withColumns(t, "topic"), raw(docs[0])...)
	assert.Contains(t, got, `"a":"\ufffd"`)
}

// TestWholeIsSaidOfEachObjectAnew has one encoder write two objects.
func TestWholeIsSaidOfEachObjectAnew(t *testing.T) {
	for _, strict := range []bool{false, true} {
		e := json.New(json.Config{Strict: strict})
		for i, doc := range []string{`{"a":"\udfff"}`, `{"a":"\ud83d\ude00\\ud800"}`} {
			res, err := e.Encode(&strings.Builder{}, raw(`{"b":1}`, doc, `{"b":2}`), 0)
			require.NoError(t, err)
			assert.Equal(t, i == 1, res.Whole, doc)
		}
	}
}

func TestNamesOfParsedRecordsThatBecomeEqual(t *testing.T) {
	got, res := encodeText(t, json.Config{Strict: true},
		record.Record{Value: map[string]any{"\xff": 1, "\xfe": 2}}, record.Record{Value: map[string]any{"\xff": "\xff"}})
	assert.Equal(t, []string{"{\"\uFFFD\":\"\uFFFD\"}", ""}, strings.Split(got, "\n"))
	require.Len(t, res.Refused, 1)
	assert.ErrorContains(t, res.Refused[0].Err, "the same once bytes that are not UTF-8 are replaced")
}
