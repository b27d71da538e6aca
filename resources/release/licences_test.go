package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root    = "../.."
	connect = "github.com/redpanda-data/connect/v4"
)

// alarms are words that no header of a linked file may have, but for those that
// NOTICE names. go-licenses reads the text beside a package, not its files.
var alarms = []string{
	"gnu affero general public license", "gnu lesser general public license", "gnu library general public license",
	"gnu general public license", "business source license", "server side public license", "elastic license",
	"commons clause", "redpanda community license", "non commercial", "noncommercial",
}

// notOpen are the files of Redpanda Connect that are not open source, which
// NOTICE and docs/releasing.md name.
var notOpen = map[string]string{
	"internal/impl/protobuf/common/decode_common.go":    "business source license",
	"internal/impl/protobuf/common/decode_dynamicpb.go": "business source license",
	"internal/impl/protobuf/common/decode_hyperpb.go":   "business source license",
	"internal/impl/protobuf/common/structured.go":       "business source license",
	"internal/serviceaccount/oauth2.go":                 "redpanda community license",
}

// platforms differ in what is linked; the architectures in assembly only.
var platforms = []string{"linux", "darwin", "windows"}

func TestTheFilesThatAreNotOpenSource(t *testing.T) {
	notice := read(t, filepath.Join(root, "NOTICE"))
	releasing := read(t, filepath.Join(root, "docs/releasing.md"))
	for name := range notOpen {
		assert.Contains(t, notice, name)
		assert.Contains(t, releasing, filepath.Base(name))
	}
	for _, goos := range platforms {
		assert.Equal(t, notOpen, alarmed(t, linked(t, "./cmd/s3-destination", "", goos)), "with Kafka on %s", goos)
		assert.Empty(t, alarmed(t, linked(t, "./cmd/s3-destination", "nokafka", goos)), "without Kafka on %s", goos)
	}
}

// TestWhatThePackageNeedsIsOpenSource is the same for users of the package.
func TestWhatThePackageNeedsIsOpenSource(t *testing.T) {
	files := linked(t, "./plugin", "", "linux")
	assert.Empty(t, alarmed(t, files))
	for _, f := range files {
		require.NotEqual(t, connect, f.module)
	}
}

// TestNoticeNamesWhatIsSpecial: modules with a rule of their own in
// licences.allow, and those with a notice to pass on.
func TestNoticeNamesWhatIsSpecial(t *testing.T) {
	notice := read(t, filepath.Join(root, "NOTICE"))
	for line := range strings.Lines(read(t, "licences.allow")) {
		rule, reason, _ := strings.Cut(line, "#")
		if fields := strings.Fields(rule); len(fields) == 2 {
			assert.NotEmpty(t, strings.TrimSpace(reason), "%s needs its reason, after a #", rule)
			assert.True(t, fields[0] == "Unknown" || strings.Contains(notice, fields[0]), "NOTICE does not name %s", fields[0])
			assert.Contains(t, notice, short(fields[1]))
		}
	}
	seen := map[string]bool{}
	for _, f := range linked(t, "./cmd/s3-destination", "", "linux") {
		if seen[f.dir] || strings.HasPrefix(f.module, "github.com/s3-destination/") {
			continue
		}
		seen[f.dir] = true
		notices, err := filepath.Glob(filepath.Join(f.dir, "NOTICE*"))
		require.NoError(t, err)
		assert.True(t, len(notices) == 0 || strings.Contains(notice, short(f.module)), "NOTICE does not name %s, which has a notice to pass on", f.module)
	}
}

// file is a source file that is linked.
type file struct{ module, dir, name string }

// linked are the files of all modules that a build takes in a release.
func linked(t *testing.T, pkg, tags, goos string) []file {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-modfile=release.mod", "-deps", "-tags", tags,
		"-json=Dir,Standard,Module,GoFiles,SFiles,HFiles", pkg)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	require.NoError(t, err)
	var files []file
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir                     string
			Standard                bool
			Module                  struct{ Path, Dir string }
			GoFiles, SFiles, HFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return files
		} else if err != nil {
			t.Fatal(err)
		}
		for _, names := range [][]string{p.GoFiles, p.SFiles, p.HFiles} {
			for _, name := range names {
				if !p.Standard {
					files = append(files, file{p.Module.Path, p.Module.Dir, filepath.Join(p.Dir, name)})
				}
			}
		}
	}
}

// alarmed returns the files whose header has a word of alarms, and those of
// Redpanda Connect, which has no licence of its own, that name no Apache
// licence.
func alarmed(t *testing.T, files []file) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, f := range files {
		words := header(read(t, f.name))
		name, err := filepath.Rel(f.dir, f.name)
		require.NoError(t, err)
		for _, alarm := range alarms {
			if strings.Contains(words, alarm) {
				found[filepath.ToSlash(name)] = alarm
			}
		}
		if f.module == connect && found[filepath.ToSlash(name)] == "" && !strings.Contains(words, "apache license version 2 0") {
			found[filepath.ToSlash(name)] = "no licence"
		}
	}
	return found
}

// header returns the words before the package clause, in small letters.
func header(text string) string {
	if at := strings.Index("\n"+text, "\npackage "); at >= 0 {
		text = text[:at]
	}
	text = text[:min(len(text), 8<<10)]
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), " ")
}

func TestHeadersAreReadToThePackageClause(t *testing.T) {
	assert.Equal(t, "under the gnu general public license", header("// Under the GNU\n// General Public License.\n\npackage a\n\n// MIT\n"))
	assert.Empty(t, header("package a\n// GNU General Public License\n"))
}

// short is a module's path as NOTICE names it.
func short(path string) string {
	path = strings.TrimPrefix(path, "github.com/")
	if at := strings.LastIndex(path, "/v"); at > 0 && strings.Trim(path[at+2:], "0123456789") == "" {
		path = path[:at]
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
