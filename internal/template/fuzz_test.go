package template

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzParseTemplate(f *testing.F) {
	f.Add("/{{workspace_id}}/{{YYYY}}/{{MM}}", "{{ filename }}-{{chunk_id}}", ".csv")
	f.Add("a//b", "{{", "")
	f.Add("{{}}", "}}{{{a}}}", ".gz")
	f.Add("..", "{{today_DD}}", ".")
	f.Add("{{a}}{{b}}", "{{a}}-0{{YYYY}}", ".csv.gz")
	f.Fuzz(func(t *testing.T, folder, file, extension string) {
		l, err := Compile(Config{Folder: folder, FileName: file, Extension: extension, Variables: []string{"a", "b"}})
		if err != nil {
			return
		}
		v := Values{Variables: make([][]byte, len(l.Variables()))}
		for i := range v.Variables {
			v.Variables[i] = []byte("../-00002")
		}
		path, err := l.AppendPath(nil, v)
		if err != nil {
			require.ErrorIs(t, err, ErrKeyTooLong)
			return
		}
		opened := time.Unix(1751890517, 0)
		key, err := l.Key(string(path), ObjectNaming{Opened: opened, ChunkID: 1, UUID: "u", SourceRange: "r"})
		require.NoError(t, err, "whatever is admitted has a key")
		checkKey(t, l, Config{Extension: extension, Folder: folderOf(l)}, key)
		name, err := l.Name(string(path), ObjectNaming{Opened: opened, SourceRange: "r"})
		require.NoError(t, err)
		if name.Unique() {
			return
		}
		id, ok := name.Number(key)
		require.True(t, ok, "%q of %q", key, path)
		require.Equal(t, 1, id)
	})
}

// folderOf gives back a folder of the same depth as the layout's.
func folderOf(l *Layout) string {
	folder := ""
	for _, p := range l.parts[:l.fileStart] {
		if p.kind == kindLiteral {
			folder += p.text
		} else {
			folder += "x"
		}
	}
	return folder
}

func FuzzKeyConfinement(f *testing.F) {
	for _, seed := range []string{"", ".", "..", "a/b", "a\\b", "100%", "\x05", "x-00002", "x.csv", "\xff", "日本", DefaultPartition} {
		f.Add([]byte(seed), []byte("other"), 2)
	}
	layouts := make([]*Layout, len(propertyTemplates))
	for i, cfg := range propertyTemplates {
		layouts[i] = mustCompile(f, cfg)
	}
	f.Fuzz(func(t *testing.T, a, b []byte, id int) {
		if id < 1 || id > 99999 {
			return
		}
		for n, cfg := range propertyTemplates {
			l := layouts[n]
			paths := [2]string{}
			keys := [2]string{}
			for i, value := range [2][]byte{a, b} {
				v := Values{Variables: [][]byte{value, []byte("fixed")}, Date: Date{Year: 2025, Month: 7, Day: 7}}
				path, err := l.AppendPath(nil, v)
				if err != nil {
					require.ErrorIs(t, err, ErrKeyTooLong)
					return
				}
				paths[i] = string(path)
				keys[i], err = l.Key(paths[i], ObjectNaming{Opened: time.Unix(1751890517, 0), ChunkID: 1 + i*(id-1)})
				require.NoError(t, err, "whatever is admitted has a key")
				checkKey(t, l, cfg, keys[i])
			}
			if paths[0] != paths[1] {
				require.NotEqual(t, keys[0], keys[1])
			}
		}
	})
}
