package partition

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func lookupOf(names ...string) *lookup {
	l := &lookup{}
	for _, name := range names {
		l.add(strings.Split(name, "."))
	}
	return l
}

// glanced compares what a glance answers with what reading a document answers, and
// returns it. Of a document that is no JSON a glance may say anything.
func glanced(t require.TestingT, l *lookup, doc []byte) (answers []found, ok bool) {
	again := l.again()
	return glancedAfter(t, l, &again, doc)
}

// glancedAfter is glanced after other documents.
func glancedAfter(t require.TestingT, l *lookup, again *recurrences, doc []byte) (answers []found, ok bool) {
	order := l.order()
	answers, read := make([]found, len(l.paths)), make([]found, len(l.paths))
	if !l.glance(doc, answers, again) || jsonscan.Valid(doc) != nil {
		return nil, false
	}
	var c jsonscan.Cursor
	require.NoError(t, l.walk(&c, doc, read, order, again), string(doc))
	for i := range read {
		require.Equal(t, read[i].kind, answers[i].kind, "%s in %s", l.paths[i], doc)
		require.Equal(t, string(read[i].raw), string(answers[i].raw), "%s in %s", l.paths[i], doc)
	}
	return answers, true
}

func TestFieldsAtAGlance(t *testing.T) {
	for doc, want := range map[string]string{
		`{"a":1,"b":2}`: "1 2",
		`{"b":{"c":"}"},"x":{"a":7,"y":[{"a":8}]},"e":{},"a":"{}"}`: `"{}" {"c":"}"}`,
		`{"a": 1, "b": [true], "c": {"a": 2}}`:                      "1 [true]", // as Python writes
		`{"a":1,"b":2,"a":3}`:                                       "3 2",
		`{"a":1,"b":2,"x":{"a":3}}`:                                 "1 2",
		`{"a":1,"b":2,"x":["a","b"],"y":"a"}`:                       "1 2",
		`{"a":"\"a\":5","b":"\"b"}`:                                 `"\"a\":5" "\"b"`,
		`{"a":1,"b":"{x","c":"\u00e9\\u0061"}`:                      `1 "{x"`,
		`{"x":"{ ","a":1,"b":2}`:                                    "", // may begin an object
		`{"x":"{","a":1,"b":2}`:                                     "",
		`{"x":{ "a":3},"a":1,"b":2}`:                                "",
		`{"a" :1,"b":2}`:                                            "", // may be a text
		`{"a":1,"b":2,"a" :3}`:                                      "",
		`{"a":1,"b":2,"q{":{":1}":0,"a":5}}`:                        "", // {":{":1} is no object
		`{"a":1}`:                                                   "", // walk looks whether it is JSON
		`{"a":1,"b":2,"\u0061":3}`:                                  "",
		` {"a":1,"b":2}`:                                            "",
		`["a"]`:                                                     "",
		``:                                                          "",
		`{"a":1,"b`:                                                 "",
		`{"a":1,"b"`:                                                "",
		`{"a":1,"b":`:                                               "",
		`{"a":1,"b":2x,"\`:                                          "",
		`{"a":1,"x":{"a`:                                            "",
		`{"a":1,"x":{"b":1`:                                         "",
		`{"a":1,"x":{`:                                              "",
	} {
		got, _ := glanced(t, lookupOf("a", "b"), []byte(doc))
		var texts []string
		for _, answer := range got {
			texts = append(texts, string(answer.raw))
		}
		assert.Equal(t, want, strings.Join(texts, " "), doc)
	}
	for _, name := range []string{"", ",", ":x", "}", "]", " a", "a/b", `a"b`, "😀", "\xff"} {
		_, ok := glanced(t, lookupOf("a", name), []byte(`{"a":1,`+string(jsonscan.AppendQuote(nil, []byte(name)))+`:1}`))
		assert.False(t, ok, "%q may be written in other ways, or be what is between two texts", name)
	}
	_, ok := glanced(t, lookupOf("a.b", "a.c", "é"), []byte(`{"é":1,"a":{"c":1,"b":2}}`))
	assert.True(t, ok)
	for _, click := range encodetest.Clicks(10, 1) {
		_, ok := glanced(t, lookupOf("event_time", "country", "geo.city"), click)
		assert.True(t, ok, "the records of the benchmarks are read at a glance")
	}
}

// nasty are texts that look like something else.
var nasty = []string{
	`"a"`, `"b"`, `""`, `"{"`, `"}"`, `"{}"`, `"{\"a\":1"`, `"\"a\":"`, `"\\"`, `"a\\"`, `"\\\"a\":1"`, `","`, `":"`, `"{,"`, `"x{"`,
	`"\u0061"`, `"\\u0061"`, `"a\u00e9"`, `[`, `]`, `{`, `}`, `1`, `null`, `{}`, `[]`,
}

// TestGlancesAgreeWithReading draws documents of names and texts that look like
// other things.
func TestGlancesAgreeWithReading(t *testing.T) {
	l := lookupOf("a", "b.a")
	answered := 0
	property.Check(t, func(t *rapid.T) {
		if _, ok := glanced(t, l, drawObject(t, 0)); ok {
			answered++
		}
	})
	assert.NotZero(t, answered)
}

// TestGlancesBeginWhereTheLastOnesEnded draws documents that follow each other: where
// a name was in one tells where it is looked for in the next.
func TestGlancesBeginWhereTheLastOnesEnded(t *testing.T) {
	l := lookupOf("a", "b.a")
	property.Check(t, func(t *rapid.T) {
		again := l.again()
		for range rapid.IntRange(2, 8).Draw(t, "documents") {
			again.wait = rapid.SampledFrom([]int{again.wait, again.wait, 0}).Draw(t, "wait")
			glancedAfter(t, l, &again, drawObject(t, 0))
		}
	})
}

// A field is found wherever it is, and is looked for behind its place in the documents
// before, of which the first place counts.
func TestAGlanceLearnsWhereFieldsAre(t *testing.T) {
	l := lookupOf("a")
	again := l.again()
	for _, step := range []struct {
		doc, want string
		low       int
	}{
		{`{"x":"12345","a":"1"}`, `"1"`, 13},
		{`{"x":"12345678","a":2}`, `2`, 13},
		{`{"x":"1","a":"\"","y":"12345"}`, `"\""`, 9},
		{`{"x":"12345678","a":"4"}`, `"4"`, 9},
		{`{"a":5,"x":{"a":6},"y":7}`, `5`, 1},
		{`{"x":8}`, ``, 1},
	} {
		got, _ := glancedAfter(t, l, &again, []byte(step.doc))
		var text string
		if got != nil {
			text = string(got[0].raw)
		}
		assert.Equal(t, step.want, text, step.doc)
		assert.Equal(t, step.low, again.names[0].low, step.doc)
	}
}

func drawObject(t *rapid.T, depth int) []byte {
	doc := []byte{'{'}
	for i := range rapid.IntRange(0, 5).Draw(t, "fields") {
		if i > 0 {
			doc = append(doc, ',')
		}
		space := rapid.SampledFrom([]string{"", "", "", "", " "})
		name := rapid.SampledFrom([]string{`"a"`, `"a"`, `"b"`, `"b"`, `"c"`, `""`, `","`, `"\"a"`, `"{"`, `"\u0062"`}).Draw(t, "name")
		doc = fmt.Append(doc, space.Draw(t, "space"), name, space.Draw(t, "space"), ":", space.Draw(t, "space"))
		doc = append(doc, drawValue(t, depth)...)
	}
	return append(doc, '}')
}

func drawValue(t *rapid.T, depth int) []byte {
	switch text := rapid.SampledFrom(nasty).Draw(t, "value"); {
	case text != "{" && text != "}" && text != "[" && text != "]":
		return []byte(text)
	case depth > 2:
		return []byte("0")
	case text == "[" || text == "]":
		return fmt.Appendf(nil, "[%s,%s]", drawValue(t, depth+1), drawValue(t, depth+1))
	default:
		return drawObject(t, depth+1)
	}
}

// FuzzGlance is the same for any document, also for what is no JSON.
func FuzzGlance(f *testing.F) {
	for _, text := range nasty {
		f.Add([]byte(`{"x":` + text + `,"a":1,"b":{"a":` + text + `}}`))
	}
	l := lookupOf("a", "b.a")
	f.Fuzz(func(t *testing.T, doc []byte) { glanced(t, l, doc) })
}
