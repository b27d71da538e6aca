package jsonscan_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

func nested(levels int) string {
	return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"
}

func TestStrictTakesObjects(t *testing.T) {
	s := jsonscan.NewStrict()
	for _, doc := range []string{`{}`, ` { "a" : [ {"a":1} , {"a":2} ] , "b" : {"a":null} } `, `{"ä":true,"b":[]}`, nested(jsonscan.StrictDepth)} {
		found, err := s.Check([]byte(doc))
		require.NoError(t, err, doc)
		assert.False(t, found.Twice, doc)
	}
	for doc, want := range map[string]string{
		`[1]`: "expected an object, found '['", `"x"`: "expected an object", `null`: "expected an object", ``: "expected a value",
		`{"a":1,}`: "field name", `{"a"}`: "colon", `{"a":[1 2]}`: "comma or ]", `{"a":1`: "comma or }", `{"a":[`: "value",
		`{} x`: "end of the document", `{"a":{"b":tru}}`: "literal", `oops`: "a value", "{\"a\x01\":1}": "control",
		nested(jsonscan.StrictDepth + 1): "at most 100 nested",
		strings.Repeat(`{"a":`, jsonscan.StrictDepth+1) + "1" + strings.Repeat("}", jsonscan.StrictDepth+1): "at most 100 nested",
	} {
		_, err := s.Check([]byte(doc))
		assert.ErrorContains(t, err, want, doc)
	}
}

func TestStrictFindsFieldsThatAreThereTwice(t *testing.T) {
	s := jsonscan.NewStrict()
	for range 3 { // what was met in one document is not in the next
		for _, doc := range []string{
			`{"a":1,"b":2,"a":3}`, `{"x":{"a":1,"a":2}}`, `{"x":[{},{"a":1,"b":1,"b":2}]}`, `{"":1,"":2}`,
			`{"a":1,"\u0061":2}`, // what has escapes is suspected
		} {
			found, err := s.Check([]byte(doc))
			require.NoError(t, err)
			assert.True(t, found.Twice, doc)
		}
		found, err := s.Check([]byte(`{"a":{"a":{"a":1},"b":[{"a":1},{"a":1}]}}`))
		require.NoError(t, err)
		assert.False(t, found.Twice)
	}
	for _, doc := range []string{`{"a":1,"c":1,"a":2}`, `{"a":{"x":1},"b":1,"b":2}`, `{"b":1,"a":1,"b":2}`, `{"a":1,"b":1,"c":1,"d":{"x":1,"x":2}}`} {
		_, err := s.Check([]byte(`{"a":1,"b":1,"c":1,"d":{"x":1}}`)) // a shape to stray from
		require.NoError(t, err)
		found, err := s.Check([]byte(doc))
		require.NoError(t, err)
		assert.True(t, found.Twice, doc)
	}
	var many []string
	for i := range 2000 {
		many = append(many, fmt.Sprintf(`"f%d":1`, i))
	}
	found, err := s.Check([]byte("{" + strings.Join(append(many, many[0]), ",") + "}"))
	require.NoError(t, err)
	assert.True(t, found.Twice)
}

func TestDeeper(t *testing.T) {
	v := any(1)
	for depth := range 5 {
		assert.False(t, jsonscan.Deeper(v, depth))
		assert.True(t, depth == 0 || jsonscan.Deeper(v, depth-1), depth)
		if depth%2 == 0 {
			v = []any{nil, v}
		} else {
			v = map[string]any{"a": v}
		}
	}
}

func TestStrictAgreesWithAMap(t *testing.T) {
	s, r := jsonscan.NewStrict(), rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var b strings.Builder
		want := object(r, &b, 0)
		found, err := s.Check([]byte(b.String()))
		require.NoError(t, err)
		require.Equal(t, want, found.Twice, b.String())
	}
}

// object writes an object and reports whether one of its objects has a name twice.
func object(r *rand.Rand, b *strings.Builder, depth int) (twice bool) {
	seen := map[int]bool{}
	b.WriteByte('{')
	name := 0
	for i := range r.IntN(6) {
		if i > 0 {
			b.WriteByte(',')
		}
		if name += 1 + r.IntN(3); r.IntN(20) == 0 {
			name = r.IntN(10)
		}
		twice = twice || seen[name]
		seen[name] = true
		fmt.Fprintf(b, `"f%d":`, name)
		if depth < 3 && r.IntN(4) == 0 {
			inside := object(r, b, depth+1)
			twice = twice || inside
		} else {
			b.WriteByte('1')
		}
	}
	b.WriteByte('}')
	return twice
}

func TestACheckerTakesWhatIsValid(t *testing.T) {
	c := jsonscan.NewChecker()
	for _, doc := range []string{
		`{}`, `[1, "a"]`, `"x"`, ` null `, `1.5e3`, "", "oops", `{"a":1,}`, `[1 2]`, `{"a":1} x`, `{"a":1,"a":2}`,
		strings.Repeat("[", jsonscan.MaxDepth) + strings.Repeat("]", jsonscan.MaxDepth), strings.Repeat("[", jsonscan.MaxDepth+1),
		strings.Repeat(`{"a":`, jsonscan.MaxDepth+1),
	} {
		_, err := c.Check([]byte(doc))
		assert.Equal(t, jsonscan.Valid([]byte(doc)), err, doc)
	}
}

func TestACheckerTellsWhatItMet(t *testing.T) {
	c := jsonscan.NewChecker()
	for range 2 { // the second time the names are known
		for doc, want := range map[string]jsonscan.Found{
			`{"a":"b\u00e9", "c":["x"]}`: {Escapes: true}, `{"a":["\""]}`: {Escapes: true}, `"\n"`: {Escapes: true},
			`{"\u0061":1}`: {Escapes: true, Twice: true}, `{ "a" : [ 1 , {"é":2} ] }`: {},
			"{\"a\":1}\n": {Breaks: true}, "\r{\"a\":1}": {Breaks: true}, "{\"a\":\n1}": {Breaks: true}, "{\"a\"\n:1}": {Breaks: true},
			"{\n}": {Breaks: true}, "{\"a\":1\n}": {Breaks: true}, "{\"a\":1,\n\"b\":2}": {Breaks: true},
			"[\n]": {Breaks: true}, "[1\n]": {Breaks: true}, "[1, \n2]": {Breaks: true},
		} {
			found, err := c.Check([]byte(doc))
			require.NoError(t, err, doc)
			assert.Equal(t, want, found, doc)
		}
	}
}

// FuzzChecker demands what Valid says of objects, and of a Checker what Valid says.
func FuzzChecker(f *testing.F) {
	for _, doc := range []string{`{"a":[1,{"b":"\u00e9"}]}`, `{"a":1,"a":2}`, `{`, `[]`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		found, any := jsonscan.NewChecker().Check(doc)
		assert.Equal(t, jsonscan.Valid(doc), any)
		if any == nil {
			assert.Equal(t, bytes.IndexByte(doc, '\\') >= 0, found.Escapes)
			assert.Equal(t, bytes.ContainsAny(doc, "\r\n"), found.Breaks)
		}
		_, err := jsonscan.NewStrict().Check(doc)
		if valid := jsonscan.Valid(doc); valid != nil {
			assert.Equal(t, valid, err)
		} else if err != nil {
			assert.Regexp(t, "an object|at most 100", err)
		}
	})
}

func BenchmarkChecker(b *testing.B) {
	for name, docs := range map[string][][]byte{"clicks": encodetest.Clicks(1000, 1), "wide": encodetest.Wide(300, 1)} {
		size := 0
		for _, doc := range docs {
			size += len(doc)
		}
		b.Run(name+"/valid", func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				for _, doc := range docs {
					_ = jsonscan.Valid(doc)
				}
			}
		})
		for kind, c := range map[string]*jsonscan.Checker{"any": jsonscan.NewChecker(), "strict": jsonscan.NewStrict()} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					for _, doc := range docs {
						if found, err := c.Check(doc); found.Twice || err != nil {
							b.Fatal(found, err)
						}
					}
				}
			})
		}
	}
}
