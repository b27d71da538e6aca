package json_test

import (
	stdjson "encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
)

func withColumns(t *testing.T, names ...string) json.Config {
	t.Helper()
	return json.Config{Columns: encodetest.KColumns(t, names...)}
}

func TestColumnsGoInFrontOfTheClosingBrace(t *testing.T) {
	m := encodetest.Metadata{"kafka_topic": "t", "kafka_offset": 42}
	const added = `"k_topic":"t","k_offset":42}` + "\n"
	for name, test := range map[string]struct{ doc, want string }{
		"numbers keep their digits":   {`{"n":9007199254740993,"d":1.50,"e":1E+2}`, `{"n":9007199254740993,"d":1.50,"e":1E+2,` + added},
		"no member":                   {`{}`, `{` + added},
		"no member, and a blank":      {` { } `, ` { ` + added},
		"braces in text and values":   {`{"a":"}","b":{"c":{}}}`, `{"a":"}","b":{"c":{}},` + added},
		"white space is kept":         {`{"a": 1 }  `, `{"a": 1 ,` + added},
		"line breaks are not":         {"{\n  \"a b\": [1,\r\n 2]\n}\n", `{"a b":[1,2],` + added},
		"a name inside of a value":    {`{"a":{"k_topic":1}}`, `{"a":{"k_topic":1},` + added},
		"a field that is there twice": {`{"a":1,"a":2}`, `{"a":1,"a":2,` + added},
	} {
		t.Run(name, func(t *testing.T) {
			got, res := encodeText(t, withColumns(t, "topic", "offset"), record.Record{Raw: []byte(test.doc), Meta: m})
			require.Empty(t, res.Refused)
			assert.Equal(t, test.want, got)
			assert.True(t, stdjson.Valid([]byte(got)))
		})
	}
}

func TestColumnsOfParsedRecords(t *testing.T) {
	got, res := encodeText(t, withColumns(t, "offset"),
		record.Record{Value: map[string]any{"b": stdjson.Number("1.0"), "a": "x"}, Meta: encodetest.Metadata{"kafka_offset": "7"}},
		record.Record{Value: map[string]any{}, Meta: encodetest.Metadata{"kafka_offset": int64(8)}},
		record.Record{Value: map[string]any{}})
	require.Empty(t, res.Refused)
	assert.Equal(t, []string{`{"a":"x","b":1.0,"k_offset":7}`, `{"k_offset":8}`, `{"k_offset":null}`, ""}, strings.Split(got, "\n"))
}

func TestRecordsThatColumnsCannotBeAddedTo(t *testing.T) {
	for doc, want := range map[string]string{
		`[1]`:                "got an array",
		`"text"`:             "got a string",
		`null`:               "got null",
		``:                   "expected a value",
		`{"a":1,}`:           "offset 7",
		`{"a":1}}`:           "offset 7",
		`{"a":01}`:           "leading zero",
		`{"a"`:               "colon",
		`{"k_key":1}`:        `"k_key"`,
		`{"a":1,"k_key":""}`: `"k_key"`,
		`{"\u006b_key":1}`:   "source_column_prefix",
	} {
		got, res := encodeText(t, withColumns(t, "key"), raw(doc)...)
		assert.Empty(t, got, doc)
		require.Len(t, res.Refused, 1, doc)
		assert.ErrorContains(t, res.Refused[0].Err, want, doc)
	}
	_, res := encodeText(t, withColumns(t, "key"), record.Record{Value: []any{}}, record.Record{Value: map[string]any{"k_key": nil}})
	require.Len(t, res.Refused, 2)
	assert.ErrorContains(t, res.Refused[0].Err, "expected an object")
	assert.ErrorContains(t, res.Refused[1].Err, `"k_key"`)
}
