package template

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// longest is an object whose every part is as long as it may become.
var longest = ObjectNaming{
	Opened: time.Unix(9_999_999_999, 0), ChunkID: MaxNumber, UUID: strings.Repeat("u", 36),
	SourceRange: strings.Repeat("9", MaxSourceRange), Suffix: strings.Repeat("s", 36),
}

// TestLongestPathHasRoomForEveryKey fills a key up to the limit and compares it
// with one byte more.
func TestLongestPathHasRoomForEveryKey(t *testing.T) {
	for file, most := range map[string]int{
		"{{a}}":                             MaxKeyBytes - len(".csv-9999999-") - 36,
		"{{a}}{{timestamp}}":                MaxKeyBytes - len(".csv-9999999-0123456789") - 36,
		"{{a}}{{H}}{{M}}{{S}}":              MaxKeyBytes - len(".csv-9999999-235959") - 36,
		"{{a}}-{{chunk_id}}":                MaxKeyBytes - len(".csv-9999999-") - 36,
		"{{a}}.csv":                         MaxKeyBytes - len(".csv-9999999-") - 36,
		"{{a}}{{chunk_id}}{{chunk_id}}":     MaxKeyBytes - len(".csv-99999999999999") - 36,
		"{{a}}{{source_range}}":             MaxKeyBytes - len(".csv-9999999-") - 36 - MaxSourceRange,
		"{{a}}{{source_range}}{{chunk_id}}": MaxKeyBytes - len(".csv-9999999") - 36 - MaxSourceRange,
		"{{a}}{{uuid}}":                     MaxKeyBytes - len(".csv-9999999") - 36,
		"{{a}}{{uuid}}{{chunk_id}}":         MaxKeyBytes - len(".csv9999999") - 36,
	} {
		l := mustCompile(t, Config{FileName: file, Extension: ".csv"})
		p, err := render(t, l, Values{}, "a", strings.Repeat("x", most))
		require.NoError(t, err, file)
		o := longest
		if l.Uses("uuid") {
			o.Suffix = "" // a uuid makes a name unique
		}
		key, err := l.Key(p, o)
		require.NoError(t, err, file)
		assert.Len(t, key, MaxKeyBytes, file)

		kept := []byte("kept")
		got, err := l.AppendPath(kept, Values{Variables: [][]byte{[]byte(strings.Repeat("x", most+1))}})
		require.ErrorIs(t, err, ErrKeyTooLong, "known before the record is part of an object")
		assert.ErrorContains(t, err, "1025 bytes", file)
		assert.Equal(t, kept, got)
	}
}

func TestWhateverIsAdmittedHasAKey(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		l := mustCompile(t, rapid.SampledFrom(propertyTemplates).Draw(rt, "template"))
		value := strings.Repeat("é", rapid.IntRange(300, 512).Draw(rt, "length"))
		p, err := render(t, l, Values{Date: Date{Year: 9999, Month: 12, Day: 31}}, "a", value, "b", hostile().Draw(rt, "b"))
		if err != nil {
			require.ErrorIs(rt, err, ErrKeyTooLong)
			return
		}
		o := longest
		if l.Uses("uuid") {
			o.Suffix = ""
		}
		_, err = l.Key(p, o)
		require.NoError(rt, err)
	})
}

func TestKeyThatWasNotAdmittedIsAnError(t *testing.T) {
	l := mustCompile(t, Config{FileName: "{{a}}", Extension: ".csv"})
	_, err := l.Key(strings.Repeat("x", MaxKeyBytes)+".csv", ObjectNaming{ChunkID: 1})
	require.ErrorIs(t, err, ErrKeyTooLong, "never a key that S3 refuses")
}

func TestTemplateThatLeavesNoRoomIsAnError(t *testing.T) {
	room := MaxKeyBytes - len("/v.csv-9999999-") - 36
	_, err := Compile(Config{Folder: strings.Repeat("f", room), FileName: "{{v}}", Extension: ".csv", Variables: []string{"v"}})
	require.NoError(t, err)
	_, err = Compile(Config{Folder: strings.Repeat("f", room+1), FileName: "{{v}}", Extension: ".csv", Variables: []string{"v"}})
	assert.ErrorContains(t, err, "no room for values")
}
