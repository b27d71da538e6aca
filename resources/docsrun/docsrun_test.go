package docsrun

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	_ "github.com/s3-destination/s3-destination/plugin"
)

const root = "../.."

// languages are those whose fences this check knows how to try, or that hold
// nothing to try.
var languages = map[string]bool{
	"": true, "console": true, "sh": true, "yaml": true, "go": true, "json": true, "dockerfile": true, "text": true, "mermaid": true,
}

// TestEveryFenceIsRunOrListed needs no clone and no servers, so that a fence
// that nobody thought of shows in make test.
func TestEveryFenceIsRunOrListed(t *testing.T) {
	fences, err := Fences(root)
	require.NoError(t, err)
	require.NotEmpty(t, fences)
	used := map[int]bool{}
	for _, f := range fences {
		if _, i, listed := find(f, ""); listed {
			used[i] = true
			continue
		}
		assert.True(t, languages[f.Lang], "%s: nobody knows how to try a fence of %q: teach docsrun, or add it to Listed with the reason", f, f.Lang)
		for _, c := range f.Commands() {
			if e, i, listed := find(f, c); listed {
				used[i] = true
				assert.True(t, e.Skip == "" || e.Covered == "", "%s: either nobody runs %s, or the gate does", f, c)
			}
		}
		if f.Lang == "yaml" {
			_, err := configurations(t, f)
			assert.NoError(t, err, "%s", f)
		}
		if f.Lang == "json" {
			assert.True(t, json.Valid([]byte(f.Text)), "%s is no JSON", f)
		}
	}
	for i, e := range Listed {
		assert.True(t, used[i], "nothing on the pages is like %+v: remove it from Listed", e)
	}
}

func TestWhatTheGateCoversIsInTheGate(t *testing.T) {
	gate, err := os.ReadFile(filepath.Join(root, ".ci/run"))
	require.NoError(t, err)
	for _, e := range Listed {
		reasons := 0
		for _, given := range []bool{e.Skip != "", e.Covered != "", e.Service, e.Beside != "", e.Exit != 0, len(e.Replace) > 0, e.Pipeline != "", e.Shows} {
			if given {
				reasons++
			}
		}
		assert.Positive(t, reasons, "%+v says nothing", e)
		if e.Covered != "" {
			assert.Regexp(t, `(?m)^(make|lane)( \S+)* `+regexp.QuoteMeta(e.Covered)+`( |$)`, string(gate), "%+v", e)
		}
	}
}

// configurations are what a yaml fence has for the binary to lint: itself, its
// settings in a configuration, or each of several examples.
func configurations(t *testing.T, f Fence) ([]string, error) {
	t.Helper()
	if path, example := strings.CutPrefix(f.Heading, "`"); example {
		switch f.Page {
		case "docs/reference/s3_destination.md":
			return Examples(strings.TrimSuffix(path, "`"), f.Text, whole)
		case "docs/reference/s3_destination_http.md":
			return Examples(strings.TrimSuffix(path, "`"), f.Text, receiving)
		case "docs/reference/s3_destination_kafka.md":
			return Examples(strings.TrimSuffix(path, "`"), f.Text, reading)
		case "docs/reference/s3_destination_records.md":
			return Examples(strings.TrimSuffix(path, "`"), f.Text, scanning)
		}
	}
	kind, err := KindOf(f.Text, settings(t))
	switch {
	case err != nil:
		return nil, err
	case kind == Stream:
		return []string{f.Text}, nil
	case kind == Output:
		text, err := Wrap(f.Text)
		return []string{text}, err
	}
	return nil, nil // KindOf has parsed it
}

// TestTargetsExist compares what pages tell to make with the Makefile, in text
// as well as in fences.
func TestTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	pages, err := Pages(root)
	require.NoError(t, err)
	named := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		for _, part := range strings.Split(string(text), "`make ")[1:] {
			target, _, _ := strings.Cut(part, "`")
			target, _, _ = strings.Cut(target, " ")
			if target == "" || strings.HasPrefix(target, "-") {
				continue
			}
			named++
			assert.Contains(t, string(makefile), "\n"+target+":", "%s names make %s, which is no target", page, target)
		}
	}
	assert.Greater(t, named, 5)
}

// settings are the names of the fields of s3_destination.
func settings(t *testing.T) []string {
	t.Helper()
	view, ok := service.GlobalEnvironment().GetOutputConfig(config.Name)
	require.True(t, ok)
	text, err := view.FormatJSON()
	require.NoError(t, err)
	var spec struct {
		Config struct {
			Children []struct {
				Name string `json:"name"`
			} `json:"children"`
		} `json:"config"`
	}
	require.NoError(t, json.Unmarshal(text, &spec))
	var names []string
	for _, c := range spec.Config.Children {
		names = append(names, c.Name)
	}
	require.Contains(t, names, "max_file_size")
	return names
}

func TestCommandsOfAFence(t *testing.T) {
	page := "# a\n```sh\n# a comment\nmake demo   # why\necho a \\\n  b\n\ncat <<EOF\nx\nEOF\necho b |\n  wc -l\n```\n" +
		"1. list\n\n   ```\n   $ s3-destination check x\n   ok\n   ```\n```\nmake bench\nno command\n```\n```json\n{}\n```\n"
	fences, err := parse("p.md", page)
	require.NoError(t, err)
	require.Len(t, fences, 4)
	assert.Equal(t, []string{"make demo   # why", "echo a \\\nb", "cat <<EOF\nx\nEOF", "echo b |\nwc -l"}, fences[0].Commands())
	assert.Equal(t, []string{"s3-destination check x"}, fences[1].Commands())
	assert.Equal(t, "$ s3-destination check x\nok\n", fences[1].Text)
	assert.Equal(t, []string{"make bench"}, fences[2].Commands())
	assert.Empty(t, fences[3].Commands())
	assert.Equal(t, "p.md:24", fences[3].String())
	_, err = parse("p.md", "```sh\nx\n")
	assert.ErrorContains(t, err, "p.md:1: the fence is never closed")
}

func TestKindsOfYAML(t *testing.T) {
	names := settings(t)
	for text, want := range map[string]Kind{
		"input: {stdin: {}}\npipeline: {processors: []}":               Stream,
		"folder: a\nmax_age: 1m":                                       Output,
		"apiVersion: v1\nkind: Pod":                                    Kubernetes,
		"services: {a: {}}":                                            Compose,
		"apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Secret": Kubernetes,
	} {
		kind, err := KindOf(text, names)
		assert.NoError(t, err, text)
		assert.Equal(t, want, kind, text)
	}
	_, err := KindOf("folder: a\nmax_agee: 1m", names)
	assert.ErrorContains(t, err, "max_agee", "a misspelt setting is no output")
	_, err = KindOf("a: [", names)
	assert.Error(t, err)
	whole, err := Wrap("folder: a\nfile_format: csv\n")
	require.NoError(t, err)
	assert.Contains(t, whole, "file_format: csv")
	assert.Contains(t, whole, "bucket: my-bucket")
}
