package partition

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

const document = `{
  "s": "text", "empty": "", "esc": "a\"b\\c\u00e9\n\ud83d\ude00\ud800", "html": "<&>",
  "i": 42, "neg": -7, "zero": 0, "negzero": -0, "f": 1.50, "e": 1e3, "whole": 2.0, "big": 12345678901234567890,
  "max": 9223372036854775807, "small": 1e-9, "large": 123456789.5, "huge": 1e400,
  "t": true, "n": false, "nil": null,
  "o": {"z": 1.50, "a": [1, "<x>", null], "dup": 1}, "l": [ {"x": "first"}, 2, [3] ], "eo": {}, "el": [],
  "deep": {"a": {"b": {"c": "found"}}, "with.dot": "dotted", "with~tilde": "tilde", "": "nameless"},
  "with space": "spaced", "key": "plain"
}`

// single renders one expression for one message, as a variable would.
func single(t *testing.T, text string, m *service.Message) (string, error) {
	t.Helper()
	layout, err := template.Compile(template.Config{FileName: "{{v}}", Variables: []string{"v"}})
	require.NoError(t, err)
	a, err := New(Config{Layout: layout, Variables: map[string]string{"v": text}})
	require.NoError(t, err)
	rec, err := FromMessage(m)
	require.NoError(t, err)
	p := a.Begin(service.MessageBatch{m})
	defer p.End()
	if _, err := p.Assign(0, &rec); err != nil {
		return "", err
	}
	return string(p.values[0]), nil
}

func withMeta(m *service.Message) *service.Message {
	m.MetaSetMut("topic", "events")
	m.MetaSetMut("with space", "spaced")
	m.MetaSetMut("int", int64(7))
	m.MetaSetMut("plainint", 7)
	m.MetaSetMut("float", 1.5e9)
	m.MetaSetMut("bool", true)
	m.MetaSetMut("bytes", []byte("raw"))
	m.MetaSetMut("time", time.Date(2025, 7, 7, 12, 15, 17, 5000, time.UTC))
	m.MetaSetMut("object", map[string]any{"b": 1, "a": "x"})
	m.MetaSetMut("nothing", nil)
	m.MetaSetMut("blank", "")
	m.MetaSetImmut("frozen", service.ImmutableAny{V: "ice"})
	return m
}

var simpleForms = []string{
	`${! json("s") }`, `${!json("s")}`, "${!\tjson(\"s\")\t}", `${! json("empty") }`, `${! json("esc") }`, `${! json("html") }`,
	`${! json("i") }`, `${! json("neg") }`, `${! json("zero") }`, `${! json("negzero") }`, `${! json("f") }`, `${! json("e") }`,
	`${! json("whole") }`, `${! json("big") }`, `${! json("max") }`, `${! json("small") }`, `${! json("large") }`, `${! json("huge") }`,
	`${! json("t") }`, `${! json("n") }`, `${! json("nil") }`, `${! json("absent") }`, `${! json("o") }`, `${! json("l") }`,
	`${! json("eo") }`, `${! json("el") }`, `${! json("l.0.x") }`, `${! json("l.2.0") }`, `${! json("l.9") }`, `${! json("l.x") }`,
	`${! json("s.x") }`, `${! json("deep.a.b.c") }`, `${! json("deep.with~1dot") }`, `${! json("deep.with~0tilde") }`,
	`${! json("with space") }`,
	`${! this.s }`, `${! this.esc }`, `${! this.i }`, `${! this.negzero }`, `${! this.f }`, `${! this.e }`, `${! this.whole }`,
	`${! this.big }`, `${! this.huge }`, `${! this.t }`, `${! this.nil }`, `${! this.absent }`, `${! this.o }`, `${! this.l }`,
	`${! this.l.0.x }`, `${! this.deep.a.b.c }`, `${! this.deep."with.dot" }`, `${! this."with space" }`, `${! this.deep."with~tilde" }`,
	`${! meta("topic") }`, `${! meta("int") }`, `${! meta("plainint") }`, `${! meta("float") }`, `${! meta("bool") }`, `${! meta("bytes") }`,
	`${! meta("time") }`, `${! meta("object") }`, `${! meta("absent") }`, `${! meta("blank") }`, `${! meta("frozen") }`, `${! meta("with space") }`,
	`${! metadata("topic") }`, `${! metadata("plainint") }`, `${! metadata("object") }`, `${! metadata("absent") }`, `${! metadata("blank") }`,
	`${! metadata("nothing") }`, `${! @topic }`, `${! @int }`, `${! @float }`, `${! @"with space" }`, `${! @absent }`, `${!@frozen}`,
	"literal", "", "null", `a${! json("s") }b`, `${! json("i") }-${! this.f }/${! @topic }`, `x-${! json("absent") }`, `x-${! json("nil") }-${! meta("absent") }`,
	`$ ${! json("s") } {} $`,
}

// TestSimpleFormsPrintWhatBloblangPrints is the licence for answering simple
// forms from the bytes.
func TestSimpleFormsPrintWhatBloblangPrints(t *testing.T) {
	var parsed any
	dec := json.NewDecoder(strings.NewReader(document))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&parsed))
	messages := map[string]func() *service.Message{
		"bytes":      func() *service.Message { return withMeta(service.NewMessage([]byte(document))) },
		"structured": func() *service.Message { m := withMeta(service.NewMessage(nil)); m.SetStructured(parsed); return m },
		"array":      func() *service.Message { return withMeta(service.NewMessage([]byte(` [{"s":"x"}, 2]`))) },
		"scalar":     func() *service.Message { return withMeta(service.NewMessage([]byte(`"text"`))) },
		"null":       func() *service.Message { return withMeta(service.NewMessage([]byte(`null`))) },
	}
	for _, text := range simpleForms {
		e, err := parseExpression(text)
		require.NoError(t, err)
		require.Nil(t, e.slow, "%q is a simple form", text)
		interpolated, err := service.NewInterpolatedString(text)
		require.NoError(t, err)
		for name, message := range messages {
			want, err := interpolated.TryString(message())
			require.NoError(t, err)
			if len(e.pieces) == 1 && e.pieces[0].form != formLiteral && want == "null" {
				want = "" // the one intended difference: null is an empty value
			}
			got, err := single(t, text, message())
			require.NoError(t, err, text)
			assert.Equal(t, want, got, "%s of %s", text, name)
		}
	}
}

func TestParsedTypesPrintWhatBloblangPrints(t *testing.T) {
	values := map[string]any{
		"int": 5, "int8": int8(5), "int32": int32(-5), "uint": uint(5), "uint8": uint8(5), "uint64": uint64(1) << 63, "float32": float32(0.1),
		"float64": 1e21, "bytes": []byte("raw"), "time": time.Date(2025, 7, 7, 12, 0, 0, 1, time.UTC), "number": json.Number("1.50"),
		"odd": json.Number("1e400"), "strings": []string{"unknown to Bloblang"}, "message": json.RawMessage(`{"a": 1}`),
	}
	for key := range values {
		for _, text := range []string{`${! json("` + key + `") }`, `${! this.` + key + ` }`} {
			m := service.NewMessage(nil)
			m.SetStructured(values)
			interpolated, err := service.NewInterpolatedString(text)
			require.NoError(t, err)
			want, err := interpolated.TryString(m)
			require.NoError(t, err)
			if want == "null" {
				want = ""
			}
			got, err := single(t, text, m)
			require.NoError(t, err)
			assert.Equal(t, want, got, text)
		}
	}
}

func TestEverythingElseGoesToBloblang(t *testing.T) {
	for text, want := range map[string]string{
		`${! json("s").uppercase() }`:             "TEXT",
		`${! this.s.uppercase() }`:                "TEXT",
		`${! json("absent").or(json("nil")) }`:    "",
		`${! json("absent") | "other" }`:          "other",
		`${! s }`:                                 "text",
		`${! json("l.*.x") }`:                     `["first"]`,
		`${! this.i + 1 }`:                        "43",
		`${! meta("topic") + "-x" }`:              "events-x",
		`${! json( "s" ) }`:                       "text",
		`${! json(path: "s") }`:                   "text",
		`${! batch_index() }`:                     "0",
		`${! "}" }`:                               "}",
		`${! this."\u006bey" }`:                   "plain",
		`${{! this.s }}${! this.s }`:              "${! this.s }text",
		`${! @topic.uppercase() }`:                "EVENTS",
		`${! if this.i > 41 { "x" } else {"y"} }`: "x",
	} {
		e, err := parseExpression(text)
		require.NoError(t, err, text)
		require.NotNil(t, e.slow, text)
		got, err := single(t, text, withMeta(service.NewMessage([]byte(document))))
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestBrokenDocumentsAreRecordErrors(t *testing.T) {
	for _, text := range []string{`${! json("a") }`, `${! this.a }`, `${! json("a").string() }`} {
		for _, doc := range []string{"", "not json", `{"b":`, `{"b" 1}`} {
			_, err := single(t, text, service.NewMessage([]byte(doc)))
			assert.Error(t, err, "%s of %q", text, doc)
		}
	}
	got, err := single(t, `${! meta("topic") }`, withMeta(service.NewMessage([]byte("not json"))))
	require.NoError(t, err, "metadata needs no document")
	assert.Equal(t, "events", got)
}

func TestLastOfARepeatedFieldCounts(t *testing.T) {
	for doc, want := range map[string]string{
		`{"a":{"b":1},"a":{"b":2}}`:                  "2",
		`{"a":{"b":1},"c":"x","a":{}}`:               "",
		`{"a":1,"a":{"b":2}}`:                        "2",
		`{"a":{"b":1,"b":3},"c":1}`:                  "3",
		`{"a":{"b":1},"c":1,"d":1,"\u0061":{"b":4}}`: "4",
		`{"a":{"b":1},"c":"\"a\"","d":{"a":5}}`:      "1",
		`{"a":{"b":1},"c":"\u00e9\u003c\\u"}`:        "1",
		`{"a":{"b":1},"c":"\\","\u0061":{"b":6}}`:    "6",
		`{"a":{"b":1},"c":"\ud800\udc00","d":1}`:     "1",
	} {
		parsed, err := service.NewMessage([]byte(doc)).AsStructured()
		require.NoError(t, err)
		message := service.NewMessage(nil)
		message.SetStructured(parsed)
		columns, err := single(t, `${! json("a.b") }`, message)
		require.NoError(t, err)
		assert.Equal(t, want, columns, "as parsed: %s", doc)
		got, err := single(t, `${! json("a.b") }`, service.NewMessage([]byte(doc)))
		require.NoError(t, err)
		assert.Equal(t, want, got, doc)
	}
}

func TestMessagesWithBytesStayBytes(t *testing.T) {
	m := withMeta(service.NewMessage([]byte(document)))
	for _, text := range []string{`${! json("s") }`, `${! json("s").uppercase() }`} {
		_, err := single(t, text, m)
		require.NoError(t, err)
		assert.False(t, m.HasStructured(), "%s parsed the message for good", text)
	}
}

func TestFromMessage(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	_, err := m.AsStructured()
	require.NoError(t, err)
	rec, err := FromMessage(m)
	require.NoError(t, err)
	assert.Equal(t, []byte(`{"a":1}`), rec.Raw, "parsed in passing")
	assert.Same(t, m, rec.Meta)

	m = service.NewMessage(nil)
	m.SetStructured(map[string]any{"a": 1})
	rec, err = FromMessage(m)
	require.NoError(t, err)
	assert.True(t, rec.Structured())
	assert.Equal(t, map[string]any{"a": 1}, rec.Value)
	assert.False(t, m.HasBytes())

	for _, empty := range []*service.Message{service.NewMessage(nil), service.NewMessage([]byte{})} {
		rec, err = FromMessage(empty)
		require.NoError(t, err)
		assert.False(t, rec.Structured())
		assert.Empty(t, rec.Raw)
	}
}

func TestRecordsWithoutMetadata(t *testing.T) {
	layout, err := template.Compile(template.Config{FileName: "{{v}}", Variables: []string{"v"}})
	require.NoError(t, err)
	a, err := New(Config{Layout: layout, Variables: map[string]string{"v": `${! @x }`}})
	require.NoError(t, err)
	p := a.Begin(nil)
	defer p.End()
	path, err := p.Assign(0, &record.Record{Raw: []byte("{}")})
	require.NoError(t, err)
	assert.Equal(t, template.DefaultPartition, string(path))
}
