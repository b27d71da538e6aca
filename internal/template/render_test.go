package template

import (
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func TestValuesAreConfined(t *testing.T) {
	l := mustCompile(t, Config{Folder: "in", FileName: "{{a}}"})
	for value, want := range map[string]string{
		"plain":            "plain",
		"":                 "__HIVE_DEFAULT_PARTITION__",
		".":                "%2E",
		"..":               "%2E%2E",
		"...":              "...",
		".hidden":          ".hidden",
		"../../etc":        "..%2F..%2Fetc",
		"/etc":             "%2Fetc",
		`a\b`:              "a%5Cb",
		"100%":             "100%25",
		"%2E":              "%252E",
		"a\x00\x05b":       "a%00%05b",
		"a\x7fb":           "a%7Fb",
		"line\nbreak":      "line%0Abreak",
		"next\u0085line":   "next%C2%85line",
		"bad\xffbyte":      "bad%FFbyte",
		"half\xe2\x82":     "half%E2%82",
		"surro\xed\xa0":    "surro%ED%A0",
		"not\ufffexml":     "not%EF%BF%BExml",
		"kept\ufffd":       "kept\ufffd",
		"Grüße 日本 a+b=c&d": "Grüße 日本 a+b=c&d",
		"x-00002":          "x%2D00002",
		"x-0000":           "x-0000",
		"-123456":          "%2D123456",
	} {
		got, err := render(t, l, Values{}, "a", value)
		require.NoError(t, err)
		assert.Equal(t, "in/"+want, got, "%q", value)
	}
}

func TestDotSegmentsCannotBeAssembled(t *testing.T) {
	for _, folder := range []string{"{{a}}{{b}}", ".{{a}}", "{{a}}.", "{{a}}{{a}}"} {
		l := mustCompile(t, Config{Folder: folder, FileName: "x"})
		got, err := render(t, l, Values{}, "a", ".", "b", ".")
		require.NoError(t, err)
		assert.Equal(t, path.Clean(got), got, folder)
	}
}

func TestExtensionIsAppendedOnce(t *testing.T) {
	for file, want := range map[string]string{
		"x":            "x.csv.gz",
		"x.csv.gz":     "x.csv.gz",
		"x.csv":        "x.csv.csv.gz",
		"{{a}}":        "report.csv.gz.csv.gz",
		"{{a}}.csv.gz": "report.csv.gz.csv.gz",
		"{{v.csv.gz}}": "v.csv.gz",
		"{{a}}.gz":     "report.csv.gz.gz.csv.gz",
		"{{a}}{{b}}":   "report.csv.gz.csv.gz.csv.gz",
		".csv.gz":      ".csv.gz.csv.gz",
		"{{a}}-{{b}}":  "report.csv.gz-.csv.gz.csv.gz",
	} {
		l := mustCompile(t, Config{FileName: file, Extension: ".csv.gz", Variables: []string{"a", "b", "v.csv.gz"}})
		got, err := render(t, l, Values{}, "a", "report.csv.gz", "b", ".csv.gz", "v.csv.gz", "v")
		require.NoError(t, err)
		assert.Equal(t, want, got, file)
	}
}

func TestNumbersGoBeforeTheExtension(t *testing.T) {
	opened := time.Date(2025, time.July, 7, 23, 30, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	tests := []struct {
		file string
		o    ObjectNaming
		want string
	}{
		{"{{a}}", ObjectNaming{ChunkID: 1}, "v.csv"},
		{"{{a}}", ObjectNaming{ChunkID: 2}, "v-00002.csv"},
		{"{{a}}", ObjectNaming{ChunkID: 123456}, "v-123456.csv"},
		{"{{a}}", ObjectNaming{ChunkID: 1, Suffix: "abc"}, "v-abc.csv"},
		{"{{a}}", ObjectNaming{ChunkID: 2, Suffix: "abc"}, "v-00002-abc.csv"},
		{"{{chunk_id}}_{{a}}", ObjectNaming{ChunkID: 7}, "00007_v.csv"},
		{"{{chunk_id}}_{{a}}", ObjectNaming{ChunkID: 7, Suffix: "abc"}, "00007_v-abc.csv"},
		{"{{uuid}}", ObjectNaming{ChunkID: 1, UUID: "0-1"}, "0-1.csv"},
		{"{{a}}-{{uuid}}-{{chunk_id}}", ObjectNaming{ChunkID: 1}, "v--00001.csv"},
		{"{{uuid}}", ObjectNaming{ChunkID: 2, UUID: "0-1"}, "0-1-00002.csv"},
		{"{{H}}{{M}}{{S}}", ObjectNaming{ChunkID: 1}, "013000.csv"},
	}
	for _, tt := range tests {
		l := mustCompile(t, Config{FileName: tt.file, Extension: ".csv", Location: berlin})
		p, err := render(t, l, Values{}, "a", "v")
		require.NoError(t, err)
		tt.o.Opened = opened
		key, err := l.Key(p, tt.o)
		require.NoError(t, err)
		assert.Equal(t, tt.want, key)
	}
}

func TestSourceRangeFillsItsPlace(t *testing.T) {
	l := mustCompile(t, Config{Folder: "{{a}}", FileName: "{{b}}-{{ source_range }}", Extension: ".csv"})
	p, err := render(t, l, Values{}, "a", "x", "b", "y")
	require.NoError(t, err)
	o := ObjectNaming{ChunkID: 1, SourceRange: "t%2F.-_9+3+0000000001-0000000002"}
	key, err := l.Key(p, o)
	require.NoError(t, err)
	assert.Equal(t, "x/y-t%2F.-_9+3+0000000001-0000000002.csv", key)
	o.ChunkID, o.Suffix = 2, "abc"
	key, err = l.Key(p, o)
	require.NoError(t, err)
	assert.Equal(t, "x/y-t%2F.-_9+3+0000000001-0000000002-00002-abc.csv", key)
	assert.True(t, l.PerObject())
	for _, bad := range []string{"a/b", "a b", "é", "x\x05", strings.Repeat("x", MaxSourceRange+1)} {
		_, err := l.Key(p, ObjectNaming{ChunkID: 1, SourceRange: bad})
		assert.ErrorContains(t, err, "source range", "%q", bad)
	}
}

func TestKeyRefuses(t *testing.T) {
	l := mustCompile(t, Config{FileName: "{{uuid}}"})
	p, err := render(t, l, Values{})
	require.NoError(t, err)
	for _, o := range []ObjectNaming{{ChunkID: 0, UUID: "u"}, {ChunkID: MaxNumber + 1, UUID: "u"}, {ChunkID: 1, UUID: "../x"}, {ChunkID: 1, UUID: "u", Suffix: "a/b"}} {
		_, err := l.Key(p, o)
		assert.Error(t, err, "%+v", o)
	}
}

func TestYearMustHaveFourDigits(t *testing.T) {
	l := mustCompile(t, Config{FileName: "{{YYYY}}"})
	_, err := render(t, l, Values{Date: Date{Year: 10000, Month: 1, Day: 1}})
	require.ErrorIs(t, err, ErrYearOutOfRange)
	_, err = render(t, l, Values{Date: Date{Year: -1, Month: 1, Day: 1}})
	require.ErrorIs(t, err, ErrYearOutOfRange)
}

// hostile draws values that try to leave their place or to look like what
// stands around them.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[ab\-./%0-9]{0,12}`),
		rapid.SampledFrom([]string{"", ".", "..", "/", "../..", "x-00002", "-00002", "00002", "\x05", "\x01-", "%2E", ".csv", "x.csv", "-00001.csv", "a\xff", DefaultPartition}),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes")) }),
	)
}

var propertyTemplates = []Config{
	{FileName: "{{a}}"},
	{FileName: "{{a}}", Extension: ".csv"},
	{FileName: "{{a}}.csv", Extension: ".csv"},
	{FileName: "{{a}}-{{b}}", Extension: ".csv"},
	{FileName: "{{a}}{{b}}"},
	{FileName: "{{a}}{{DD}}", Extension: ".csv"},
	{FileName: "{{a}}{{H}}"},
	{FileName: "{{a}}.gz", Extension: ".csv.gz"},
	{FileName: "{{a}}-{{YYYY}}{{MM}}{{DD}}-{{H}}", Extension: ".csv"},
	{Folder: "raw/k={{a}}/{{b}}", FileName: "{{a}}{{chunk_id}}", Extension: ".csv"},
	{Folder: "raw/{{a}}-{{chunk_id}}", FileName: "{{chunk_id}}-{{b}}", Extension: ".csv"},
	{Folder: ".{{a}}/..{{b}}", FileName: "{{timestamp}}{{a}}", Extension: ".csv"},
	{Folder: "{{b}}", FileName: "{{a}}{{source_range}}", Extension: ".csv"},
	{FileName: "{{source_range}}{{a}}-{{b}}"},
}

func TestNoValueEscapesItsFolder(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		cfg := rapid.SampledFrom(propertyTemplates).Draw(rt, "template")
		l := mustCompile(t, cfg)
		p, err := render(t, l, Values{Date: Date{Day: 7}}, "a", hostile().Draw(rt, "a"), "b", hostile().Draw(rt, "b"))
		require.NoError(rt, err)
		key, err := l.Key(p, ObjectNaming{Opened: time.Unix(1751890517, 0), ChunkID: rapid.IntRange(1, 99999).Draw(rt, "id")})
		require.NoError(rt, err)
		checkKey(rt, l, cfg, key)
	})
}

func checkKey(t require.TestingT, l *Layout, cfg Config, key string) {
	require.True(t, utf8.ValidString(key), "%q", key)
	require.LessOrEqual(t, len(key), MaxKeyBytes)
	require.Equal(t, path.Clean(key), key, "no empty or dot segments, no slash at either end")
	require.NotEqual(t, byte('/'), key[0])
	require.True(t, strings.HasPrefix(key, l.StaticPrefix()), "%q", key)
	require.True(t, strings.HasSuffix(key, cfg.Extension), "%q", key)
	slashes := strings.Count(strings.Trim(cfg.Folder, "/"), "/")
	if cfg.Folder != "" {
		slashes++
	}
	require.Equal(t, slashes, strings.Count(key, "/"), "%q has the depth of its template", key)
	for i := range len(key) {
		require.GreaterOrEqual(t, key[i], byte(' '), "%q", key)
	}
}

func TestDistinctPartitionsNeverShareAKey(t *testing.T) {
	known := ObjectNaming{Opened: time.Unix(1751890517, 0), SourceRange: "t+0+0000000007-0000000015"}
	property.Check(t, func(rt *rapid.T) {
		l := mustCompile(t, rapid.SampledFrom(propertyTemplates).Draw(rt, "template"))
		near := rapid.StringMatching(`(x|-|0|1|5|7){0,3}(-?0000[12])?(7|15)?(\.csv){0,2}`)
		v := Values{Date: Date{Year: 2025, Month: 7, Day: 2}}
		keys := map[string]string{}
		for range 12 {
			p, err := render(t, l, v, "a", near.Draw(rt, "a"), "b", near.Draw(rt, "b"))
			require.NoError(rt, err)
			for _, id := range []int{1, 2, 3, 7, 15} {
				object := known
				object.ChunkID = id
				key, err := l.Key(p, object)
				require.NoError(rt, err)
				if other, taken := keys[key]; taken && other != p {
					rt.Fatalf("%q and %q both render to %q", other, p, key)
				}
				keys[key] = p
				name, err := l.Name(p, known)
				require.NoError(rt, err)
				got, ok := name.Number(key)
				require.True(rt, ok, "%q of %q", key, p)
				require.Equal(rt, id, got)
			}
		}
	})
}

func TestConfinementIsInjective(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		a, b := hostile().Draw(rt, "a"), hostile().Draw(rt, "b")
		same := string(appendConfined(nil, []byte(a))) == string(appendConfined(nil, []byte(b)))
		if (a == "" || a == DefaultPartition) && (b == "" || b == DefaultPartition) {
			require.True(rt, same)
			return
		}
		require.Equal(rt, a == b, same)
	})
}

func TestAppendPathDoesNotAllocate(t *testing.T) {
	l := mustCompile(t, Config{Folder: "raw/{{a}}/{{YYYY}}/{{MM}}", FileName: "{{b}}-{{chunk_id}}", Extension: ".csv"})
	v := Values{Variables: [][]byte{[]byte("some/thing"), []byte("x-00002")}, Date: Date{Year: 2025, Month: 7}}
	buf := make([]byte, 0, 256)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = l.AppendPath(buf, v) }))
}

func BenchmarkAppendPath(b *testing.B) {
	l := mustCompile(b, Config{Folder: "raw/{{a}}/{{YYYY}}/{{MM}}/{{DD}}", FileName: "{{b}}-{{chunk_id}}", Extension: ".csv"})
	v := Values{Variables: [][]byte{[]byte("google_ads"), []byte("campaigns")}, Date: Date{Year: 2025, Month: 7, Day: 7}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = l.AppendPath(buf[:0], v)
	}
}
