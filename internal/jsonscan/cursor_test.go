package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// sameDecimal compares the digits of a number with what they were read as.
func sameDecimal(text string, mantissa uint64, scale int) error {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if n, err := strconv.ParseUint(whole+fraction, 10, 64); err != nil || n != mantissa || scale != len(fraction) {
		return fmt.Errorf("%s was read as %d/10^%d", text, mantissa, scale)
	}
	return nil
}

// decode builds what encoding/json builds, but through the cursor. At every
// other place it tries the quick ways first.
func decode(c *jsonscan.Cursor) (any, error) {
	if c.Offset()%2 == 0 {
		try := c.TryPlain
		if c.Offset()%4 == 0 {
			try = c.TryString
		}
		if s, ok := try(); ok {
			return string(s), nil
		}
		if v, ok := c.TryBool(); ok {
			return v, nil
		}
		if c.TryNull() {
			return nil, nil //nolint:nilnil // the value is null
		}
		if start := c.Offset(); start%4 == 0 {
			if v, ok := c.TryInt(); ok && v == 0 {
				return json.Number("-0"[2-(c.Offset()-start):]), nil
			} else if ok {
				return json.Number(strconv.FormatInt(v, 10)), nil
			}
		}
		if text, mantissa, scale, ok := c.TryDecimal(); ok {
			return json.Number(text), sameDecimal(string(text), mantissa, scale)
		}
	}
	switch c.Kind() {
	case jsonscan.Object:
		return decodeObject(c)
	case jsonscan.Array:
		return decodeArray(c)
	case jsonscan.String:
		s, err := c.String()
		return string(s), err
	case jsonscan.Number:
		n, err := c.Number()
		return json.Number(n), err
	case jsonscan.True, jsonscan.False:
		return c.Bool()
	case jsonscan.Null:
		return nil, c.Null()
	case jsonscan.Invalid:
	}
	_, err := c.Skip()
	return nil, err
}

func decodeObject(c *jsonscan.Cursor) (any, error) {
	if err := c.EnterObject(); err != nil {
		return nil, err
	}
	m := map[string]any{}
	for {
		key, ok, err := c.NextField()
		if err != nil || !ok {
			return m, err
		}
		name := string(key)
		if m[name], err = decode(c); err != nil {
			return nil, err
		}
	}
}

func decodeArray(c *jsonscan.Cursor) (any, error) {
	if err := c.EnterArray(); err != nil {
		return nil, err
	}
	s := []any{}
	for {
		ok, err := c.NextElement()
		if err != nil || !ok {
			return s, err
		}
		v, err := decode(c)
		if err != nil {
			return nil, err
		}
		s = append(s, v)
	}
}

func decodeDoc(doc []byte) (any, error) {
	var c jsonscan.Cursor
	c.Reset(doc)
	v, err := decode(&c)
	if err != nil {
		return nil, err
	}
	return v, c.End()
}

func TestCursorReadsWhatEncodingJSONReads(t *testing.T) {
	for _, doc := range seeds {
		dec := json.NewDecoder(strings.NewReader(doc))
		dec.UseNumber()
		var want any
		require.NoError(t, dec.Decode(&want), doc)
		got, err := decodeDoc([]byte(doc))
		require.NoError(t, err, doc)
		assert.Equal(t, want, got, doc)
	}
}

func TestSyntaxErrorsNameOffsetAndExpectation(t *testing.T) {
	tests := map[string]struct{ doc, want string }{
		"empty":                {``, "offset 0: expected a value, found the end of the document"},
		"two values":           {`1 2`, "offset 2: expected the end of the document, found '2'"},
		"trailing comma":       {`{"a":1,}`, "offset 7: expected a field name in quotes, found '}'"},
		"leading comma":        {`{,"a":1}`, "offset 1: expected a field name in quotes, found ','"},
		"array trailing comma": {`[1,]`, "offset 3: expected a value, found ']'"},
		"mismatched close":     {`[1}`, "offset 2: expected a comma or ] after an element, found '}'"},
		"missing colon":        {`{"a" 1}`, "offset 5: expected a colon after a field name, found '1'"},
		"missing comma":        {`{"a":1 "b":2}`, "offset 7: expected a comma or } after a field, found '\"'"},
		"raw newline":          {"\"a\nb\"", "offset 2: expected control characters in a string to be escaped, found '\\n'"},
		"bad escape":           {`"\x"`, `offset 2: expected one of "\/bfnrtu after a backslash, found 'x'`},
		"short unicode":        {`"\u12"`, `offset 5: expected four hexadecimal digits after \u, found '"'`},
		"bad UTF-8":            {"\"\xff\"", "offset 1: expected valid UTF-8 in a string, found the byte 0xff, which is not valid UTF-8"},
		"unterminated":         {`"abc`, "offset 4: expected the closing quote of a string"},
		"leading zero":         {`012`, "offset 1: expected no digit after a leading zero, found '1'"},
		"bare minus":           {`-`, "offset 1: expected a digit, found the end of the document"},
		"no fraction":          {`1.`, "offset 2: expected a digit after the decimal point"},
		"no exponent":          {`1e+`, "offset 3: expected a digit in the exponent"},
		"literal":              {`trux`, "offset 3: expected the literal true, found 'x'"},
		"byte order mark":      {"\xef\xbb\xbf{}", "offset 0: expected a value, found '\\ufeff'"},
		"too deep":             {strings.Repeat("[", 1001), "offset 1000: expected at most 1000 nested objects and arrays"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := jsonscan.Valid([]byte(test.doc))
			require.ErrorContains(t, err, test.want)
			var syntax *jsonscan.SyntaxError
			require.ErrorAs(t, err, &syntax)
			_, err = decodeDoc([]byte(test.doc))
			require.ErrorContains(t, err, test.want, "the cursor differs from Valid")
		})
	}
}

func TestWrongKindIsRefusedAndLeavesTheCursor(t *testing.T) {
	var c jsonscan.Cursor
	calls := map[string]func() error{
		"object": c.EnterObject, "array": c.EnterArray, "null": c.Null,
		"string":     func() error { _, err := c.String(); return err },
		"raw string": func() error { _, err := c.RawString(); return err },
		"number":     func() error { _, err := c.Number(); return err },
		"bool":       func() error { _, err := c.Bool(); return err },
	}
	docs := map[string]string{
		"object": "{}", "array": "[]", "null": "null", "string": `"x"`, "raw string": `"x"`, "number": "1", "bool": "true",
	}
	for call, f := range calls {
		for kind, doc := range docs {
			c.Reset([]byte(doc))
			if docs[call] == doc {
				require.NoError(t, f(), "%s on %s", call, kind)
				continue
			}
			require.Error(t, f(), "%s on %s", call, kind)
			require.Zero(t, c.Offset())
		}
	}
}

func TestPlainTextAliasesTheDocument(t *testing.T) {
	doc := []byte(`{"clé":"größe","a\tb":"x\ny"}`)
	var c jsonscan.Cursor
	allocs := testing.AllocsPerRun(100, func() {
		c.Reset(doc)
		_ = c.EnterObject()
		for _, ok, _ := c.NextField(); ok; _, ok, _ = c.NextField() {
			_, _ = c.String()
		}
	})
	assert.Zero(t, allocs)
	c.Reset(doc)
	require.NoError(t, c.EnterObject())
	key, _, err := c.NextField()
	require.NoError(t, err)
	assert.Same(t, &doc[2], &key[0])
}

func TestAnUnescapedKeyOutlivesItsValue(t *testing.T) {
	var c jsonscan.Cursor
	c.Reset([]byte(`{"\u0061":"\u0062"}`))
	require.NoError(t, c.EnterObject())
	key, _, err := c.NextField()
	require.NoError(t, err)
	value, err := c.String()
	require.NoError(t, err)
	assert.Equal(t, "a", string(key))
	assert.Equal(t, "b", string(value))
}

// TestTokens compares names of every length with documents that differ from them in
// one byte, or end with it.
func TestTokens(t *testing.T) {
	for n := range 40 {
		name := strings.Repeat("n", n)
		token := jsonscan.FieldToken([]byte(name))
		try := func(doc string) bool {
			var c jsonscan.Cursor
			c.Reset([]byte(doc))
			require.NoError(t, c.EnterObject())
			return c.TryField(&token)
		}
		field := `{"` + name + `":`
		for _, rest := range []string{"", "1", "1}", `"text of some length"}`} {
			require.True(t, try(field+rest), field+rest)
			for at := 1; at < len(field); at++ {
				other := field[:at] + "x" + field[at+1:] + rest
				require.False(t, try(other), other)
			}
		}
		for end := 1; end < len(field); end++ {
			require.False(t, try(field[:end]), field[:end])
		}
	}
}

func TestTryField(t *testing.T) {
	a, b := jsonscan.FieldToken([]byte("a")), jsonscan.FieldToken([]byte(`b"`))
	var c jsonscan.Cursor
	c.Reset([]byte(`{"a":1,"b\"":2, "a":3}`))
	require.NoError(t, c.EnterObject())
	assert.False(t, c.TryField(&b))
	assert.True(t, c.TryField(&a))
	_, err := c.Number()
	require.NoError(t, err)
	assert.True(t, c.TryField(&b))
	_, err = c.Number()
	require.NoError(t, err)
	assert.False(t, c.TryField(&a), "white space is left to NextField")
	key, ok, err := c.NextField()
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "a", string(key))
	raw, err := c.Skip()
	require.NoError(t, err)
	assert.Equal(t, "3", string(raw))
	_, ok, err = c.NextField()
	require.NoError(t, err)
	assert.False(t, ok)
	require.NoError(t, c.End())
}

func TestFind(t *testing.T) {
	const doc = `{"a":{"b":[10,{"c":"x"}],"":1},"0":{"k":true},"d.e":null,"g":1,"g":2,"\u0067":{"h":1,"h":3},"\u0066":-0.5e3} trailing`
	tests := map[string]struct {
		path []string
		raw  string
		kind jsonscan.Kind
	}{
		"nested object":   {[]string{"a", "b", "1", "c"}, `"x"`, jsonscan.String},
		"array index":     {[]string{"a", "b", "0"}, `10`, jsonscan.Number},
		"empty name":      {[]string{"a", ""}, `1`, jsonscan.Number},
		"numeric name":    {[]string{"0", "k"}, `true`, jsonscan.True},
		"dot in the name": {[]string{"d.e"}, `null`, jsonscan.Null},
		"escaped name":    {[]string{"f"}, `-0.5e3`, jsonscan.Number},
		"last of several": {[]string{"g", "h"}, `3`, jsonscan.Number},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			raw, kind, err := jsonscan.Find([]byte(doc), test.path)
			require.NoError(t, err)
			assert.Equal(t, test.raw, string(raw))
			assert.Equal(t, test.kind, kind)
		})
	}
	for _, path := range [][]string{{"x"}, {"a", "x"}, {"a", "b", "2"}, {"a", "b", "-1"}, {"a", "b", "x"}, {"d.e", "x"}} {
		_, _, err := jsonscan.Find([]byte(doc), path)
		require.ErrorIs(t, err, jsonscan.ErrNotFound, path)
	}
	_, _, err := jsonscan.Find([]byte(`{"x":tru,"a":1}`), []string{"a"})
	require.ErrorContains(t, err, "the literal true")
	assert.NotErrorIs(t, err, jsonscan.ErrNotFound)
}

func TestFindDoesNotAllocate(t *testing.T) {
	doc, path := []byte(click), []string{"geo", "city"}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _, _ = jsonscan.Find(doc, path)
	}))
}

func TestQuickWaysTakeWhatIsPlainAndNothingElse(t *testing.T) {
	c := &jsonscan.Cursor{}
	for doc, want := range map[string]string{
		`"plain"        `: "plain", `""             `: "", `"0123456789abcdef"        `: "0123456789abcdef",
		`"a\nb"         `: "-", `"é"            `: "-", "\"a\tb\"         ": "-", ` "late"        `: "-",
		`"open          `: "-", `"short"`: "-", `12             `: "-", ``: "-",
	} {
		c.Reset([]byte(doc))
		s, ok := c.TryPlain()
		if want == "-" {
			assert.False(t, ok, "%q", doc)
			assert.Zero(t, c.Offset(), "%q", doc)
			continue
		}
		assert.True(t, ok, "%q", doc)
		assert.Equal(t, want, string(s))
		assert.Equal(t, len(want)+2, c.Offset())
	}
	for doc, want := range map[string]any{
		`0,`: int64(0), `-0`: nil, `-7`: int64(-7), `7`: int64(7), `-12]`: int64(-12), `999999999999999999`: int64(999999999999999999),
		`-999999999999999999}`: int64(-999999999999999999),
		`1000000000000000000`:  nil, `01`: nil, `-`: nil, `1.5`: nil, `1e3`: nil, `2E1`: nil, "\t1": nil, `+1`: nil, ``: nil, `"1"`: nil,
	} {
		c.Reset([]byte(doc))
		v, ok := c.TryInt()
		assert.Equal(t, want != nil, ok, "%q", doc)
		if ok {
			assert.Equal(t, want, v, "%q", doc)
			assert.Equal(t, len(strings.TrimRight(doc, ",]}")), c.Offset(), "%q", doc)
		} else {
			assert.Zero(t, c.Offset(), "%q", doc)
		}
	}
	for doc, want := range map[string]string{
		`0,`: "0", `-0.0`: "-0.0", `7`: "7", `-12.50]`: "-12.50", `999999999999999.999,`: "999999999999999.999", `0.000000000000000001`: "-",
		`0.00000000000000001}`: "0.00000000000000001", `9999999999999999999`: "-", `123456789012345678901234567890`: "-",
		`01`: "-", `-`: "-", `1.`: "-", `.5`: "-", `1.e3`: "-", `1.5e3`: "-", `2E1`: "-", "\t1": "-", `+1`: "-", ``: "-", `"1"`: "-", `-.1`: "-",
	} {
		c.Reset([]byte(doc))
		text, mantissa, scale, ok := c.TryDecimal()
		if want == "-" {
			assert.False(t, ok, "%q", doc)
			assert.Zero(t, c.Offset(), "%q", doc)
			continue
		}
		assert.True(t, ok, "%q", doc)
		assert.Equal(t, want, string(text))
		assert.Equal(t, len(want), c.Offset())
		assert.NoError(t, sameDecimal(want, mantissa, scale))
	}
}

func TestTryStringTakesWhatStringTakes(t *testing.T) {
	c := &jsonscan.Cursor{}
	for doc, want := range map[string]string{
		`"plain"        `: "plain", `"short"`: "short", `""`: "", `"a\nb"`: "a\nb", `"é"`: "é", `"12345678\u00e9 and more" `: "12345678é and more",
		`"long enough, \"quoted\" and longer"`: `long enough, "quoted" and longer`,
	} {
		c.Reset([]byte(doc))
		s, ok := c.TryString()
		assert.True(t, ok, "%q", doc)
		assert.Equal(t, want, string(s))
		assert.Equal(t, len(strings.TrimRight(doc, " ")), c.Offset(), "%q", doc)
	}
	for _, doc := range []string{"\"a\tb\"         ", ` "late"`, `"open          `, `"open`, `"\x"`, `"\`, "\"\xff\"        ", `12`, ``, `null`} {
		c.Reset([]byte(doc))
		_, ok := c.TryString()
		assert.False(t, ok, "%q", doc)
		assert.Zero(t, c.Offset(), "%q", doc)
	}
}

func TestQuickLiterals(t *testing.T) {
	c := &jsonscan.Cursor{}
	for doc, want := range map[string]any{
		"true": true, "true,": true, "false": false, "false}": false, "null": nil, "null]": nil,
		"tru": "-", "True": "-", "fals": "-", "falsy": "-", "nul": "-", "\tnull": "-", "": "-", `"null"`: "-", "1": "-",
	} {
		c.Reset([]byte(doc))
		v, isBool := c.TryBool()
		isNull := !isBool && c.TryNull()
		wantBool, hasBool := want.(bool)
		assert.Equal(t, hasBool, isBool, "%q", doc)
		assert.Equal(t, wantBool, v, "%q", doc)
		assert.Equal(t, want == nil, isNull, "%q", doc)
		consumed := 0
		if want != "-" {
			consumed = len(strings.TrimRight(doc, ",]}"))
		}
		assert.Equal(t, consumed, c.Offset(), "%q", doc)
	}
}
