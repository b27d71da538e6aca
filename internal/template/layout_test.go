package template

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var allVariables = DocumentedVariables()

func mustCompile(t testing.TB, cfg Config) *Layout {
	t.Helper()
	if cfg.Variables == nil {
		cfg.Variables = append([]string{"a", "b", "c"}, allVariables...)
	}
	cfg.LoadByAccount = true
	l, err := Compile(cfg)
	require.NoError(t, err)
	return l
}

// render gives the variables, named in pairs, their values.
func render(t testing.TB, l *Layout, v Values, pairs ...string) (string, error) {
	t.Helper()
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	for _, name := range l.Variables() {
		v.Variables = append(v.Variables, []byte(values[name]))
	}
	path, err := l.AppendPath(nil, v)
	return string(path), err
}

func TestGoldenNamesOfTheDocumentation(t *testing.T) {
	opened := time.Date(2025, time.July, 7, 12, 15, 17, 0, time.UTC)
	v := Values{
		Date:  Date{Year: 2024, Month: 2, Day: 3, Hour: 4},
		Today: Date{Year: 2025, Month: 7, Day: 7, Hour: 12},
	}
	tests := []struct {
		name, folder, file, extension string
		id                            int
		want                          string
	}{
		{
			"folder of the run date", "/{{workspace_id}}/{{workspace_title}}/{{data_source}}/{{report_type}}/{{YYYY_today}}/{{MM_today}}/{{DD_today}}",
			"x-{{chunk_id}}", ".csv", 1, "ws1/main_group/ds1/rt1/2025/07/07/x-00001.csv",
		},
		{"first chunk", "", "{{filename}}-{{YYYY_today}}-{{MM_today}}-{{DD_today}}-{{chunk_id}}", ".parquet", 1, "test-2025-07-07-00001.parquet"},
		{"second chunk", "", "{{filename}}-{{YYYY_today}}-{{MM_today}}-{{DD_today}}-{{chunk_id}}", ".parquet", 2, "test-2025-07-07-00002.parquet"},
		{"clock with free white space", "", "{{ filename }}-{{ YYYY_today }}{{\tMM_today  }}{{ DD_today }}T{{ H }}{{ M }}{{ S }}", "", 1, "test-20250707T121517"},
		{"day pattern", "", "{{filename}}-{{YYYY}}-{{MM}}-{{DD}}", ".csv.gz", 1, "test-2024-02-03.csv.gz"},
		{"month pattern", "", "{{filename}}-{{YYYY}}-{{MM}}", ".json", 1, "test-2024-02.json"},
		{"underscore", "", "{{filename}}_{{YYYY}}-{{MM}}-{{DD}}", ".avro", 1, "test_2024-02-03.avro"},
		{"no separator", "", "{{filename}}{{YYYY}}{{MM}}{{DD}}", ".avro", 1, "test20240203.avro"},
		{"second object without chunk id", "", "{{filename}}-{{YYYY}}-{{MM}}", ".csv.gz", 2, "test-2024-02-00002.csv.gz"},
		{"hours", "dt={{YYYY}}-{{MM}}-{{DD}}/hour={{HH}}/", "{{timestamp}}-{{uuid}}", ".json", 1, "dt=2024-02-03/hour=04/1751890517-u-u.json"},
		{"month and minute differ", "{{MM}}", "{{M}}", "", 1, "02/15"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := mustCompile(t, Config{Folder: tt.folder, FileName: tt.file, Extension: tt.extension})
			path, err := render(t, l, v, "workspace_id", "ws1", "workspace_title", "main_group",
				"data_source", "ds1", "report_type", "rt1", "filename", "test")
			require.NoError(t, err)
			key, err := l.Key(path, ObjectNaming{Opened: opened, ChunkID: tt.id, UUID: "u-u"})
			require.NoError(t, err)
			assert.Equal(t, tt.want, key)
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want []string // all of them in the error
	}{
		{"lower case year", Config{FileName: "{{yyyy}}"}, []string{"{{yyyy}} is no placeholder", "did you mean {{YYYY}}", "chunk_id", "workspace_id", "mine"}},
		{"lower case month", Config{FileName: "{{mm}}"}, []string{"{{MM}} (month) or {{M}} (minute)"}},
		{"swapped words", Config{FileName: "{{today_DD}}"}, []string{"did you mean {{DD_today}}"}},
		{"joined words", Config{FileName: "{{DDtoday}}"}, []string{"did you mean {{DD_today}}"}},
		{"spelling", Config{FileName: "{{data_sorce}}"}, []string{"did you mean {{data_source}}"}},
		{"other case", Config{FileName: "{{Mine}}"}, []string{"did you mean {{mine}}"}},
		{"nothing near", Config{FileName: "{{zzzzzz}}"}, []string{"{{zzzzzz}} is no placeholder: write one of"}},
		{"several mistakes at once", Config{Folder: "{{yyyy}}/{{mm}}", FileName: "{{dd}}"}, []string{"{{YYYY}}", "{{MM}}", "{{DD}}", "folder", "file_name"}},
		{"documented but undefined", Config{FileName: "{{filename}}"}, []string{"{{filename}} has no value", "write it under variables, as variables: {filename: ...}"}},
		{"unclosed", Config{FileName: "a-{{mine"}, []string{`"{{mine" is never closed`}},
		{"unclosed before another", Config{FileName: "{{mine-{{mine}}"}, []string{"never closed"}},
		{"unopened", Config{FileName: "mine}}"}, []string{"never opened"}},
		{"empty placeholder", Config{FileName: "{{ }}"}, []string{"names no placeholder"}},
		{"empty file name", Config{Folder: "a"}, []string{"file_name: a template is required"}},
		{"slash in the file name", Config{FileName: "a/{{mine}}"}, []string{"file_name: a slash"}},
		{"interpolation", Config{FileName: `${! json("a") }`}, []string{"under variables"}},
		{"empty segment", Config{Folder: "a//b", FileName: "x"}, []string{"folder: an empty path segment"}},
		{"two leading slashes", Config{Folder: "//a", FileName: "x"}, []string{"empty path segment"}},
		{"two trailing slashes", Config{Folder: "a//", FileName: "x"}, []string{"empty path segment"}},
		{"dot segment", Config{Folder: "a/../b", FileName: "x"}, []string{`".." is not allowed`}},
		{"dot file name", Config{Folder: "a", FileName: "."}, []string{`"." is not allowed`}},
		{"backslash", Config{Folder: `a\b`, FileName: "x"}, []string{"backslash"}},
		{"control character", Config{Folder: "a\x05b", FileName: "x"}, []string{"control character U+0005"}},
		{"not UTF-8", Config{Folder: "a\xff", FileName: "x"}, []string{"UTF-8"}},
		{"account", Config{FileName: "{{account}}", Variables: []string{"account"}}, []string{"load_by_account: true"}},
		{"variable hides a built-in", Config{FileName: "x", Variables: []string{"MM"}}, []string{"built-in"}},
		{"variable with a space", Config{FileName: "x", Variables: []string{"a b"}}, []string{"letters, digits"}},
		{"chunk id between variables", Config{FileName: "{{mine}}-{{chunk_id}}-{{mine}}"}, []string{"move {{chunk_id}} behind {{mine}}"}},
		{"looks like a chunk number", Config{FileName: "{{mine}}-00001"}, []string{"another separator"}},
		{"extension without a dot", Config{FileName: "x", Extension: "csv"}, []string{"extension"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.cfg.Variables == nil {
				tt.cfg.Variables = []string{"mine"}
			}
			l, err := Compile(tt.cfg)
			require.Error(t, err)
			assert.Nil(t, l)
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestQueries(t *testing.T) {
	l := mustCompile(t, Config{Folder: "/raw/in/dt={{YYYY}}/{{a}}", FileName: "{{a}}-{{b}}-{{MM_today}}-{{ chunk_id }}"})
	assert.Equal(t, []string{"a", "b"}, l.Variables())
	assert.True(t, l.Uses("YYYY"))
	assert.True(t, l.Uses("chunk_id"))
	assert.False(t, l.Uses("c"))
	assert.True(t, l.PerObject())
	assert.True(t, l.UsesToday())
	assert.True(t, l.UsesRecordDate())
	assert.Equal(t, Year, l.DateGranularity())
	assert.Equal(t, "raw/in/", l.StaticPrefix())

	granularity := map[string]Granularity{"{{a}}": None, "{{DD_today}}": None, "{{H}}": None, "{{MM}}{{YYYY}}": Month, "{{DD}}": Day, "{{HH}}{{DD}}": Hour}
	for file, want := range granularity {
		assert.Equal(t, want, mustCompile(t, Config{FileName: file}).DateGranularity(), file)
	}
}

func TestStaticPrefix(t *testing.T) {
	for folder, want := range map[string]string{
		"":                 "",
		"/":                "",
		"raw":              "raw/",
		"/raw/events/":     "raw/events/",
		"{{a}}/raw":        "",
		"raw-{{a}}":        "",
		"raw/{{a}}/events": "raw/",
		"raw/dt={{YYYY}}":  "raw/",
	} {
		l := mustCompile(t, Config{Folder: folder, FileName: "x-{{a}}"})
		assert.Equal(t, want, l.StaticPrefix(), folder)
		path, err := render(t, l, Values{}, "a", "1")
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(path, want), path)
	}
}

func TestRules(t *testing.T) {
	const limit = 128 << 20
	tests := []struct {
		name, file string
		account    bool
		settings   Settings
		want       []string // severity, rule
		message    string
	}{
		{"month with a day", "{{YYYY}}-{{DD}}-{{chunk_id}}", false, Settings{PartitionBy: PartitionMonth, HasDateField: true}, []string{"error 1"}, "{{DD_today}}"},
		{"month with an hour", "{{MM}}-{{HH}}-{{chunk_id}}", false, Settings{PartitionBy: PartitionMonth, HasDateField: true}, []string{"error 1"}, "{{HH}}"},
		{"day with an hour", "{{DD}}-{{HH}}-{{chunk_id}}", false, Settings{PartitionBy: PartitionDay, HasDateField: true}, []string{"error 1"}, "partition_by: hour"},
		{"unknown", "{{chunk_id}}", false, Settings{PartitionBy: "week"}, []string{"error 1"}, "week"},
		{"month with today's day", "{{MM}}-{{DD_today}}-{{chunk_id}}", false, Settings{PartitionBy: PartitionMonth, HasDateField: true}, nil, ""},
		{"day without a day", "{{MM}}-{{chunk_id}}", false, Settings{PartitionBy: PartitionDay, HasDateField: true}, []string{"warning 2"}, "{{DD}}"},
		{"day with today's day", "{{DD_today}}-{{chunk_id}}", false, Settings{PartitionBy: PartitionDay}, nil, ""},
		{"name that repeats", "{{YYYY_today}}", false, Settings{}, []string{"warning 2"}, "-00002"},
		{"unique by uuid", "{{uuid}}", false, Settings{}, nil, ""},
		{"unique by timestamp", "{{timestamp}}", false, Settings{}, nil, ""},
		{"unique by the whole clock", "{{YYYY_today}}{{MM_today}}{{DD_today}}T{{H}}{{M}}{{S}}", false, Settings{}, nil, ""},
		{"clock without a date", "{{H}}{{M}}{{S}}", false, Settings{}, []string{"warning 2"}, "unique"},
		{"by account without account", "{{uuid}}", true, Settings{}, []string{"warning 3"}, "{{account}}"},
		{"chunk id without a limit", "{{chunk_id}}", false, Settings{MaxFileSize: -1}, []string{"error 4"}, "max_file_size"},
		{"limit without chunk id", "{{timestamp}}", false, Settings{MaxFileSizeSet: true}, []string{"error 4"}, "{{chunk_id}}"},
		{"limit with uuid", "{{uuid}}", false, Settings{MaxFileSizeSet: true}, nil, ""},
		{"date without a field", "{{YYYY}}-{{uuid}}", false, Settings{}, []string{"error 6"}, "{{YYYY_today}}"},
		{"date without a field but today", "{{YYYY}}-{{uuid}}", false, Settings{MissingDateIsToday: true}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Compile(Config{FileName: tt.file, LoadByAccount: tt.account})
			require.NoError(t, err)
			switch tt.settings.MaxFileSize {
			case 0:
				tt.settings.MaxFileSize = limit
			case -1:
				tt.settings.MaxFileSize = 0
			}
			var got []string
			var messages strings.Builder
			for _, f := range l.CheckRules(tt.settings) {
				got = append(got, map[Severity]string{Error: "error ", Warning: "warning "}[f.Severity]+string(rune('0'+f.Rule)))
				messages.WriteString(f.Message)
			}
			assert.Equal(t, tt.want, got, messages.String())
			assert.Contains(t, messages.String(), tt.message)
		})
	}
}
