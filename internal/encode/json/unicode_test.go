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

	_, res = encodeText(t, json.Config{InvalidUnicode: json.RejectUnicode}, raw(docs...)...)
	assert.Len(t, res.Refused, 3)

	got, _ = encodeText(t, withColumns(t, "topic"), raw(docs[0])...)
	assert.Contains(t, got, `"a":"\ufffd"`)
}

func TestNamesOfParsedRecordsThatBecomeEqual(t *testing.T) {
	got, res := encodeText(t, json.Config{Strict: true},
		record.Record{Value: map[string]any{"\xff": 1, "\xfe": 2}}, record.Record{Value: map[string]any{"\xff": "\xff"}})
	assert.Equal(t, []string{"{\"\uFFFD\":\"\uFFFD\"}", ""}, strings.Split(got, "\n"))
	require.Len(t, res.Refused, 1)
	assert.ErrorContains(t, res.Refused[0].Err, "the same once bytes that are not UTF-8 are replaced")
}
