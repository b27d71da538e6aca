package inspect

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

var update = flag.Bool("update", false, "write the messages anew")

// remedy is how a message says what to do.
var remedy = regexp.MustCompile(`: (?:[^:]* )?(?:write|remove|put|set|move|give|indent|leave|save|change|correct|install|encode)\b|(?:Raise it to|Lower|Use the) `)

// TestGoldenMessages reads configurations with mistakes, and compares what is
// said with what was looked at once. Every message names its setting and what to
// write; a mistake has one message.
func TestGoldenMessages(t *testing.T) {
	dir, err := filepath.Abs("testdata/mistakes")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	cases := 0
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		want := map[string]string{}
		for _, f := range archive.Files {
			want[f.Name] = string(f.Data)
		}
		var out txtar.Archive
		out.Comment = archive.Comment
		for i, f := range archive.Files {
			name, isCase := strings.CutSuffix(f.Name, ".yaml")
			if !isCase {
				continue
			}
			if cases++; !*update && !long.Takes(i, 10) {
				continue
			}
			r, err := readCase(t, f)
			require.NoError(t, err, name)
			var said strings.Builder
			for _, finding := range r.Findings {
				said.WriteString(finding.String() + "\n")
				assert.NotEmpty(t, finding.Setting, "%s: no setting: %s", name, finding)
				assert.Regexp(t, remedy, finding.String(), name)
			}
			if !*update {
				assert.Equal(t, want[name+".txt"], said.String(), name)
			}
			out.Files = append(out.Files, f, txtar.File{Name: name + ".txt", Data: []byte(said.String())})
		}
		if *update {
			require.NoError(t, os.WriteFile(path, txtar.Format(&out), 0o600))
		}
	}
	assert.Greater(t, cases, 150)
}

// readCase reads a case from a file of its name, so that messages name it. Tabs,
// carriage returns and characters that cannot be seen are written as escapes.
func readCase(t *testing.T, f txtar.File) (*Reading, error) {
	t.Helper()
	text := strings.NewReplacer(`\t`, "\t", `\r`, "\r", `\u00a0`, "\u00a0").Replace(string(f.Data))
	require.NoError(t, os.WriteFile(f.Name, []byte(text), 0o600))
	return ReadConfig(Request{Main: f.Name, Lookup: func(name string) (string, bool) {
		return "env", name == "SET"
	}})
}
