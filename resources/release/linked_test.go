package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root    = "../.."
	us      = "github.com/s3-destination/s3-destination"
	connect = "github.com/redpanda-data/connect/v4"
)

var target = regexp.MustCompile(`(?m)^ +- ([a-z]+_[a-z0-9]+)$`)

// platforms are those that are released, linux_amd64 and the like.
func platforms(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, m := range target.FindAllStringSubmatch(read(t, "goreleaser.yaml"), -1) {
		all = append(all, m[1])
	}
	require.NotEmpty(t, all)
	return all
}

// file is a file of a module; dir is that of the module.
type file struct{ module, dir, name string }

// listed remembers what linked has found.
var listed = map[string][]file{}

// linked are the source files of all modules that a build takes in a release.
func linked(t *testing.T, pkg, tags, platform string) []file {
	t.Helper()
	key := strings.Join([]string{pkg, tags, platform}, " ")
	if files := listed[key]; files != nil {
		return files
	}
	system, arch, _ := strings.Cut(platform, "_")
	cmd := exec.CommandContext(t.Context(), "go", "list", "-modfile=release.mod", "-deps", "-tags", tags,
		"-json=Dir,Standard,Module,GoFiles,SFiles,HFiles", pkg)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
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
			break
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
	listed[key] = files
	return files
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
