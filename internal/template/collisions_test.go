package template

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nasty values imitate numbers, extensions, encodings and what templates put
// around them.
var nasty = []string{
	"", "x", "-", "2", "00002", "-00002", "x-00002", "x-0000", "-0000", ".json", "x.json", "x.json.json",
	"x-00002.json", "%2D00002", DefaultPartition, "x-100000", "x-99999", "00001", "x-20250203", "x-00002-00002",
}

// TestNoTwoPathsShareAKey tries all pairs of nasty values in all the templates,
// with the numbers that such values look like.
func TestNoTwoPathsShareAKey(t *testing.T) {
	files := []string{
		"{{a}}", "{{a}}-{{chunk_id}}", "{{chunk_id}}-{{a}}", "{{a}}{{b}}", "{{a}}-{{b}}", "{{a}}_{{b}}-{{chunk_id}}",
		"p-{{a}}", "{{a}}2", "{{a}}-{{YYYY}}", "{{a}}-{{YYYY}}{{MM}}", "{{a}}{{H}}{{M}}{{S}}", "{{a}}-{{H}}{{M}}",
		"{{a}}{{chunk_id}}", "{{chunk_id}}{{a}}", "{{a}}.json", "{{a}}{{b}}.json", "{{a}}-{{timestamp}}", "{{a}}0{{H}}{{M}}", "{{YYYY}}{{a}}",
		"{{a}}{{YYYY}}", "{{a}}-{{b}}{{MM}}", "{{chunk_id}}{{YYYY}}-{{a}}", "{{a}}{{YYYY}}{{chunk_id}}",
	}
	for _, folder := range []string{"in", "in/{{a}}"} {
		for _, file := range files {
			for _, extension := range []string{".json", ""} {
				l := mustCompile(t, Config{Folder: folder, FileName: file, Extension: extension})
				keysOfAll(t, l, file+extension)
			}
		}
	}
}

func keysOfAll(t *testing.T, l *Layout, file string) {
	seen := map[string]string{}
	for _, a := range nasty {
		for _, b := range nasty {
			for _, year := range []int{2025, 2} {
				p, err := render(t, l, Values{Date: Date{Year: year, Month: 2}}, "a", a, "b", b)
				require.NoError(t, err)
				name, err := l.Name(p, ObjectNaming{Opened: time.Unix(1_750_000_000, 0)})
				require.NoError(t, err)
				for _, number := range []int{1, 2, 2025, 20002, 99999} {
					key, err := name.Key(ObjectNaming{ChunkID: number})
					require.NoError(t, err)
					if other, taken := seen[key]; taken && other != p {
						t.Errorf("%s: %q is the key of %q and of %q", file, key, other, p)
					}
					seen[key] = p
				}
			}
		}
	}
}

// TestValuesThatDifferNeverShareAName: where a template has one variable, other
// values are other partitions, whatever they end with.
func TestValuesThatDifferNeverShareAName(t *testing.T) {
	for _, extension := range []string{".json", ".json.gz", ".csv", ""} {
		for _, file := range []string{"{{a}}", "{{a}}.json", "{{a}}n", "{{a}}-{{chunk_id}}", "{{chunk_id}}-{{a}}"} {
			l := mustCompile(t, Config{FileName: file, Extension: extension})
			paths := map[string]string{}
			for _, value := range append([]string{"x.json.gz", "x.gz", "x.jso", ".json.gz", "x.csv"}, nasty...) {
				p, err := render(t, l, Values{}, "a", value)
				require.NoError(t, err)
				if other, taken := paths[p]; taken && value != DefaultPartition {
					t.Errorf("%s: %q and %q share %q", file+extension, value, other, p)
				}
				paths[p] = value
			}
		}
	}
}
