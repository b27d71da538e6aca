package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// click is shaped like the records of the benchmarks.
const click = `{"event_id":"0192f1a4-7b3c-7def-8123-456789abcdef","ts":"2025-07-01T12:34:56.789Z","user_id":918273645,` +
	`"session":"s-5f2c9a","url":"https://shop.example.com/products/4711?utm_source=newsletter&utm_medium=email",` +
	`"referrer":"https://www.example.org/search?q=running+shoes","title":"Running shoes \"Gazelle\" | Shop",` +
	`"ip":"203.0.113.77","country":"DE","language":"de-DE","browser":"Firefox","os":"Linux","width":1920,"height":1080,` +
	`"price":89.95,"score":0.12345678,"converted":true,"bot":false,"campaign":null,"count":3,` +
	`"geo":{"lat":52.520008,"lon":13.404954,"city":"Köln"},"tags":["shoes","sale","running"]}`

var seeds = []string{
	click,
	`null`, `true`, `false`, `0`, `-0`, `1.5e-10`, `12345678901234567890.000`, `""`, `"a"`, `[]`, `{}`,
	` [ 1 , 2 ] `, "\t{\r\n\"a\" : { } }\n", `{"a":{"a":[[[{}]]]}}`, `{"a":1,"a":2}`,
	`"\u00e9\ud83d\ude00\ud800"`, `"\"\\\/\b\f\n\r\t"`, `{"\u0061\"":"é"}`, `"0123456789abcdef\n0123456789"`,
	"\"\u2028\x7f\"", `["01234567","012345678","0123456"]`,
}

func addSeeds(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, s := range []string{`{"a":1,}`, `[1,]`, `"\ud8"`, "\"\xff\"", `01`, `1.`, `-`, "\"\x01\"", `{"a"}`, `[1}`, `tru`, "\xef\xbb\xbf1"} {
		f.Add([]byte(s))
	}
}

// tooDeepFor tells whether only the nesting limit separates the two verdicts.
func tooDeepFor(err error) bool {
	var syntax *jsonscan.SyntaxError
	return errors.As(err, &syntax) && syntax.Expected == "at most 1000 nested objects and arrays"
}

func FuzzValid(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		err := jsonscan.Valid(doc)
		if tooDeepFor(err) {
			return
		}
		require.Equal(t, json.Valid(doc) && utf8.Valid(doc), err == nil, "%v", err)
		if err != nil {
			var syntax *jsonscan.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.LessOrEqual(t, syntax.Offset, len(doc))
			return
		}
		var compact bytes.Buffer
		require.NoError(t, json.Compact(&compact, doc))
		require.Equal(t, compact.String(), string(jsonscan.AppendCompact(nil, doc)))
	})
}

func FuzzCursor(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := decodeDoc(doc)
		valid := jsonscan.Valid(doc)
		if err != nil || valid != nil {
			require.Equal(t, valid, err, "cursor and validator disagree")
			return
		}
		dec := json.NewDecoder(bytes.NewReader(doc))
		dec.UseNumber()
		var want any
		require.NoError(t, dec.Decode(&want))
		require.Equal(t, want, got)
		text, err := jsonscan.AppendAny(nil, got)
		require.NoError(t, err)
		again, err := decodeDoc(text)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(click), "geo", "city")
	f.Add([]byte(`{"a":[{"b":1}]}`), "a", "0")
	f.Add([]byte(`{"a":1,"a":{"b":2}}`), "a", "b")
	f.Fuzz(func(t *testing.T, doc []byte, first, second string) {
		raw, kind, err := jsonscan.Find(doc, []string{first, second})
		if err == nil {
			require.NoError(t, jsonscan.Valid(raw))
			require.NotEqual(t, jsonscan.Invalid, kind)
		}
		// Without arrays and duplicate names the answer is that of the map.
		var m map[string]map[string]json.RawMessage
		if jsonscan.Valid(doc) != nil || json.Unmarshal(doc, &m) != nil || duplicates(doc) {
			return
		}
		want, ok := m[first][second]
		if !ok {
			require.ErrorIs(t, err, jsonscan.ErrNotFound)
			return
		}
		require.NoError(t, err)
		require.Equal(t, string(bytes.TrimSpace(want)), string(raw))
	})
}

// duplicates tells whether an object of the first two levels repeats a name.
func duplicates(doc []byte) bool {
	var c jsonscan.Cursor
	c.Reset(doc)
	seen := map[string]bool{}
	if c.EnterObject() != nil {
		return false
	}
	for key, ok, _ := c.NextField(); ok; key, ok, _ = c.NextField() {
		name := string(key)
		raw, err := c.Skip()
		if err != nil || seen[name] || duplicates(raw) {
			return true
		}
		seen[name] = true
	}
	return false
}

func FuzzAppendQuote(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\\n", "é\xff€", "\x00\x1f\x7f", "0123456789\xe2\x82"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		quoted := jsonscan.AppendQuote(nil, s)
		back, err := jsonscan.Unquote(nil, quoted)
		require.NoError(t, err)
		require.Equal(t, string([]rune(string(s))), string(back), "only invalid UTF-8 may change")
	})
}
