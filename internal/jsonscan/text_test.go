package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

func TestUnquote(t *testing.T) {
	tests := map[string]struct{ raw, want string }{
		"plain":            {`"abc"`, "abc"},
		"empty":            {`""`, ""},
		"all escapes":      {`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		"unicode":          {`"\u00e9\u20AC"`, "é€"},
		"surrogate pair":   {`"\ud83d\ude00"`, "😀"},
		"lone high":        {`"\ud800x"`, "\ufffdx"},
		"lone low":         {`"\udc00"`, "\ufffd"},
		"high before pair": {`"\ud800\ud83d\ude00"`, "\ufffd😀"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := jsonscan.Unquote([]byte("<"), []byte(test.raw))
			require.NoError(t, err)
			assert.Equal(t, "<"+test.want, string(got))
			var std string
			require.NoError(t, json.Unmarshal([]byte(test.raw), &std))
			assert.Equal(t, test.want, std)
		})
	}
	for _, raw := range []string{``, `abc`, `"abc`, `"a"b"`, `"\"`} {
		_, err := jsonscan.Unquote(nil, []byte(raw))
		require.Error(t, err, raw)
	}
}

func TestAppendCompact(t *testing.T) {
	for _, doc := range append(seeds, " { \"a b\" : [ 1 ,\n 2 ] , \"\\\" \" : \"  \" }\r\n") {
		var want bytes.Buffer
		require.NoError(t, json.Compact(&want, []byte(doc)))
		assert.Equal(t, want.String(), string(jsonscan.AppendCompact(nil, []byte(doc))))
	}
}

func TestAppendQuote(t *testing.T) {
	tests := map[string]string{
		"":               `""`,
		"plain":          `"plain"`,
		"a\"b\\c":        `"a\"b\\c"`,
		"\n\r\t\x00\x1f": `"\n\r\t\u0000\u001f"`,
		"<é€😀\x7f>":      "\"<é€😀\x7f>\"",
		"a\xffb":         "\"a\ufffdb\"",
	}
	for in, want := range tests {
		got := jsonscan.AppendQuote(nil, []byte(in))
		assert.Equal(t, want, string(got))
		require.NoError(t, jsonscan.Valid(got))
	}
}

func TestAppendAnyWritesWhatEncodingJSONWrites(t *testing.T) {
	values := []any{
		nil, true, false, "a\n\"<>&", []byte("bytes"), []byte(nil), json.Number("1.50"), 1, int8(-8), int16(16), int32(32),
		int64(math.MinInt64), uint(1), uint8(8), uint16(16), uint32(32), uint64(math.MaxUint64), 0.0, 1.5, -1e-7, 1e21, 1e20,
		math.MaxFloat64, math.SmallestNonzeroFloat64, float32(0.1), float32(1e-7), time.Unix(1, 5).UTC(),
		map[string]any(nil), []any(nil),
		[]any{},
		map[string]any{},
		map[string]any{"b": []any{1, "x", nil}, "a": map[string]any{"z": 1, "y": 2.5}},
	}
	for _, v := range values {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(v))
		got, err := jsonscan.AppendAny([]byte{}, v)
		require.NoError(t, err)
		assert.Equal(t, want.String(), string(got)+"\n", "%T", v)
	}
}

func TestAppendAnyRefusesWhatJSONCannotHold(t *testing.T) {
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	tests := map[string]struct {
		v    any
		want string
	}{
		"NaN":          {map[string]any{"f": math.NaN()}, `field "f": NaN cannot be written as JSON`},
		"infinity":     {[]any{1, math.Inf(-1)}, "element 1: -Inf cannot be written as JSON"},
		"channel":      {make(chan int), "a value of type chan int cannot be written as JSON"},
		"bad number":   {json.Number("1x"), `"1x" is not a JSON number`},
		"empty number": {json.Number(""), `"" is not a JSON number`},
		"year":         {time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "the year 10000"},
		"cycle":        {cyclic, "nested deeper than 1000 levels"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := jsonscan.AppendAny([]byte("<"), test.v)
			require.ErrorContains(t, err, test.want)
			assert.Equal(t, "<", string(got), "dst must stay as it was")
		})
	}
}
