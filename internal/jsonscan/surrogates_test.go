package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func TestLoneSurrogates(t *testing.T) {
	for doc, want := range map[string]string{
		`{"a":"\ud800"}`: `{"a":"\ufffd"}`, `"\uD83D\uDE00"`: `"\uD83D\uDE00"`, `"\ude00\ud83d"`: `"\ufffd\ufffd"`, `"\ud83d\ud83d\ude00"`: `"\ufffd\ud83d\ude00"`,
		`"\\ud800"`: `"\\ud800"`, `"\\\ud800"`: `"\\\ufffd"`, `"\ud7ff\ue000"`: `"\ud7ff\ue000"`, `"\udbff\udfff"`: `"\udbff\udfff"`, `{"\udc00":1}`: `{"\ufffd":1}`,
		`"\ud8`: `"\ud8`, `"\`: `"\`, `""`: `""`,
	} {
		assert.Equal(t, want, string(jsonscan.AppendReplaced(nil, []byte(doc))), doc)
		assert.Equal(t, doc != want, jsonscan.LoneSurrogates([]byte(doc)), doc)
	}
}

// TestReplacedTextIsTheSame compares with Go's reader, which replaces them, too.
func TestReplacedTextIsTheSame(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{`\ud83d`, `\uDE00`, `\u0041`, `\\`, `\"`, `u`, `d83d`, `é`}), 0, 12).Draw(t, "parts")
		doc := []byte(`"` + strings.Join(parts, "") + `"`)
		var want, got string
		require.NoError(t, json.Unmarshal(doc, &want))
		replaced := jsonscan.AppendReplaced(nil, doc)
		require.NoError(t, json.Unmarshal(replaced, &got))
		require.Equal(t, want, got)
		require.False(t, jsonscan.LoneSurrogates(replaced))
	})
}
