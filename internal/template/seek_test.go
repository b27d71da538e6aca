package template

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbersAreRecognised(t *testing.T) {
	known := ObjectNaming{
		Opened:      time.Date(2025, time.July, 7, 12, 15, 17, 0, time.UTC),
		SourceRange: "t+0+0000000001-0000000002",
	}
	tests := []struct {
		name, file, key string
		want            int // 0: not recognised
	}{
		{"chunk id", "{{a}}-{{chunk_id}}", "v-00012.csv", 12},
		{"six digits", "{{a}}-{{chunk_id}}", "v-123456.csv", 123456},
		{"the last one", "{{a}}-{{chunk_id}}", "v-9999999.csv", MaxNumber},
		{"a date", "{{a}}-{{chunk_id}}", "v-20250203.csv", 0},
		{"padded to six digits", "{{a}}-{{chunk_id}}", "v-000012.csv", 0},
		{"four digits", "{{a}}-{{chunk_id}}", "v-0012.csv", 0},
		{"zero", "{{a}}-{{chunk_id}}", "v-00000.csv", 0},
		{"number of no int", "{{a}}-{{chunk_id}}", "v-99999999999999999999999999.csv", 0},
		{"other partition", "{{a}}-{{chunk_id}}", "w-00012.csv", 0},
		{"other extension", "{{a}}-{{chunk_id}}", "v-00012.csv.gz", 0},
		{"text behind", "{{chunk_id}}7{{a}}", "000127v.csv", 12},
		{"six digits and text behind", "{{chunk_id}}7{{a}}", "1234567v.csv", 123456},
		{"in the folder", "{{chunk_id}}-{{a}}", "00012-v.csv", 12},
		{"twice", "{{chunk_id}}-{{chunk_id}}", "00012-00012.csv", 12},
		{"twice and unequal", "{{chunk_id}}-{{chunk_id}}", "00012-00013.csv", 0},
		{"uuid", "{{uuid}}-{{chunk_id}}", "-00003.csv", 0},
		{"clock", "{{timestamp}}-{{M}}-{{chunk_id}}", "1751890517-15-00004.csv", 4},
		{"clock behind", "{{chunk_id}}-{{timestamp}}", "00004-1751890517.csv", 4},
		{"other clock", "{{timestamp}}-{{chunk_id}}", "1751890518-00004.csv", 0},
		{"source range", "{{a}}-{{source_range}}", "v-t+0+0000000001-0000000002.csv", 1},
		{"source range, third", "{{a}}-{{source_range}}", "v-t+0+0000000001-0000000002-00003.csv", 3},
		{"other source range", "{{a}}-{{source_range}}", "v-t+0+0000000001-0000000003.csv", 0},
		{"source range behind", "{{chunk_id}}-{{source_range}}", "00003-t+0+0000000001-0000000002.csv", 3},
		{"no chunk id, first", "{{a}}", "v.csv", 1},
		{"no chunk id, third", "{{a}}", "v-00003.csv", 3},
		{"no chunk id, a date", "{{a}}", "v-20250203.csv", 0},
		{"no chunk id, first with a number", "{{a}}", "v-00001.csv", 0},
		{"no chunk id, other name", "{{a}}", "vw.csv", 0},
		{"no chunk id, suffix", "{{a}}", "v-abc.csv", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := mustCompile(t, Config{FileName: tt.file, Extension: ".csv"})
			p, err := render(t, l, Values{}, "a", "v")
			require.NoError(t, err)
			name, err := l.Name(p, known)
			require.NoError(t, err)
			got, ok := name.Number(tt.key)
			assert.Equal(t, tt.want > 0, ok)
			assert.Equal(t, tt.want, got)
		})
	}
}

// TestSeekFindsANumberFirst lists a bucket full of neighbours: of every name,
// the key of a number comes first, if it exists, and no later number is missed.
func TestSeekFindsANumberFirst(t *testing.T) {
	numbers := []int{1, 2, 9, 10, 11, 99, 100, 12345, 20000, 99998, 99999, 100000, 100001, 123450, 200000, 999999, 1000000, MaxNumber}
	for _, cfg := range []Config{
		{FileName: "{{a}}", Extension: ".csv"},
		{FileName: "{{a}}"},
		{FileName: "{{a}}-{{chunk_id}}", Extension: ".csv"},
		{FileName: "{{a}}-{{chunk_id}}"},
		{FileName: "{{chunk_id}}-{{a}}", Extension: ".csv"},
		{FileName: "{{chunk_id}}{{a}}"},
		{Folder: "in/{{chunk_id}}", FileName: "{{a}}-{{chunk_id}}", Extension: ".csv"},
		{FileName: "{{chunk_id}}-{{timestamp}}", Extension: ".csv"},
	} {
		l := mustCompile(t, cfg)
		o := ObjectNaming{Opened: time.Unix(1751890517, 0)}
		var keys []string
		names := map[string]Name{}
		for _, value := range []string{"t", "s", "t-0", "tt", "ü", "t-00001", " "} {
			p, err := render(t, l, Values{}, "a", value)
			require.NoError(t, err)
			name, err := l.Name(p, o)
			require.NoError(t, err)
			names[value] = name
			for _, n := range numbers {
				for _, suffix := range []string{"", "01981b5e-0000-7000-8000-000000000000"} {
					o.ChunkID, o.Suffix = n, suffix
					key, err := name.Key(o)
					require.NoError(t, err)
					keys = append(keys, key)
				}
			}
		}
		slices.Sort(keys)
		for value, name := range names {
			for _, n := range numbers {
				want, err := name.Key(ObjectNaming{ChunkID: n})
				require.NoError(t, err)
				listed := list(keys, name, n)
				if value != "ü" { // what is beyond ASCII at the end is only close to it
					require.Equal(t, want, listed[0], "%v %q", cfg, value)
				}
				require.Contains(t, listed, want)
			}
			for _, free := range []int{3, 12, 12346, 123451, 300000} {
				for _, key := range list(keys, name, free)[:1] {
					found, ok := name.Number(key)
					require.False(t, ok && found == free, key)
				}
			}
		}
	}
}

func list(keys []string, name Name, number int) (listed []string) {
	prefix, after := name.Seek(number)
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) && key > after {
			listed = append(listed, key)
		}
	}
	return listed
}

func TestNamesSayWhatTheyAre(t *testing.T) {
	for file, want := range map[string][2]bool{ // unique, numbered
		"{{a}}":                {false, false},
		"{{chunk_id}}":         {false, true},
		"{{a}}-{{uuid}}":       {true, false},
		"{{uuid}}{{chunk_id}}": {true, true},
		"{{source_range}}":     {false, false},
	} {
		l := mustCompile(t, Config{FileName: file, Extension: ".csv"})
		p, err := render(t, l, Values{}, "a", "v")
		require.NoError(t, err)
		name, err := l.Name(p, ObjectNaming{})
		require.NoError(t, err)
		assert.Equal(t, want, [2]bool{name.Unique(), name.Numbered()}, file)
	}
}

// TestReadablePaths shows paths as messages do.
func TestReadablePaths(t *testing.T) {
	l := mustCompile(t, Config{
		Folder:   "in/{{a}}",
		FileName: "{{timestamp}}{{H}}{{M}}{{S}}-{{source_range}}-{{uuid}}-{{chunk_id}}", Extension: ".csv",
	})
	p, err := render(t, l, Values{}, "a", "x\x05\u0085é")
	require.NoError(t, err)
	assert.Equal(t, "in/x%05%C2%85é/{{timestamp}}{{H}}{{M}}{{S}}-{{source_range}}-{{uuid}}-{{chunk_id}}.csv", Readable(p))
	name, err := l.Name(p, ObjectNaming{Opened: time.Unix(1751890517, 0), SourceRange: "r"})
	require.NoError(t, err)
	assert.Equal(t, "in/x%05%C2%85é/1751890517121517-r-{{uuid}}-{{chunk_id}}.csv", fmt.Sprint(name))
	for text, want := range map[string]string{
		"":                   "",
		"in/f-00001.csv":     "in/f-00001.csv",
		"a b %20 日本":         "a b %20 日本",
		"a\x1b[31m\n\x7f":    "a%1B[31m%0A%7F",
		"\u202ecod.exe":      "%E2%80%AEcod.exe",
		"\u2028\u0085\ufeff": "%E2%80%A8%C2%85%EF%BB%BF",
		"half\xe2\x82":       "half%E2%82",
		"kept\ufffd":         "kept\ufffd",
		"\x00\x08":           "%00%08",
	} {
		assert.Equal(t, want, Readable(text), "%q", text)
	}
}
