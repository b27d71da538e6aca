//go:build release

package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const version = "0.0.0-check"

// TestRelease makes the release for this machine twice, in folders of different
// names, compares, and looks at what is in it.
func TestRelease(t *testing.T) {
	target := runtime.GOOS + "_" + runtime.GOARCH
	first, second := filepath.Join(t.TempDir(), "dist"), filepath.Join(t.TempDir(), "another-dist")
	for _, out := range []string{first, second} {
		cmd := exec.CommandContext(t.Context(), "./release.sh", version, out, target)
		if out == second {
			tmp := filepath.Join(t.TempDir(), "a-folder-of-another-name") // goreleaser's clone is below
			require.NoError(t, os.Mkdir(tmp, 0o700))
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
		}
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", text)
	}
	assert.Equal(t, read(t, filepath.Join(first, "SHA256SUMS")), read(t, filepath.Join(second, "SHA256SUMS")), "the build cannot be reproduced")

	commit := git(t, "rev-parse", "HEAD")
	at, err := time.Parse(time.RFC3339, git(t, "log", "-1", "--format=%cI"))
	require.NoError(t, err)
	want := map[string]string{}
	for _, variant := range []string{"", "-nokafka"} {
		stem := "s3-destination" + variant + "_" + version + "_" + target
		dir := filepath.Join(t.TempDir(), stem)
		want[stem+".tar.gz"] = unpack(t, filepath.Join(first, stem+".tar.gz"), filepath.Dir(dir), stem, at)
		want[stem+".cdx.json"] = sum(t, filepath.Join(first, stem+".cdx.json"))
		stamp := version + "+" + commit[:12] + strings.Replace(variant, "-", ".", 1)
		looksRight(t, dir, stamp, at, variant == "")
		agrees(t, filepath.Join(first, stem+".cdx.json"), filepath.Join(dir, "s3-destination"))
	}
	have := map[string]string{}
	for line := range strings.Lines(read(t, filepath.Join(first, "SHA256SUMS"))) {
		digits, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		have[name] = digits
	}
	assert.Equal(t, want, have, "checksums")
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func sum(t *testing.T, path string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(read(t, path)))
	return hex.EncodeToString(digest[:])
}

// unpack extracts an archive, checks that it says nothing of the machine, and
// returns its checksum.
func unpack(t *testing.T, path, dir, stem string, at time.Time) string {
	t.Helper()
	zr, err := gzip.NewReader(strings.NewReader(read(t, path)))
	require.NoError(t, err)
	assert.True(t, zr.ModTime.IsZero() && zr.Name == "", "the gzip header of %s has a time or a name", stem)
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return sum(t, path)
		}
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(h.Name, stem) && filepath.IsLocal(h.Name), h.Name)
		assert.True(t, h.ModTime.Equal(at), "%s is of %v", h.Name, h.ModTime)
		assert.True(t, h.Uid == 0 && h.Gid == 0 && h.Uname == "root" && h.Gname == "root", "%s is of %s", h.Name, h.Uname)
		if h.Typeflag == tar.TypeDir {
			continue
		}
		body, err := io.ReadAll(tr)
		require.NoError(t, err)
		name := filepath.Join(dir, h.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, body, h.FileInfo().Mode()))
	}
}

// looksRight checks the files of an archive, and runs its binary.
func looksRight(t *testing.T, dir, stamp string, at time.Time, kafka bool) {
	t.Helper()
	for file := range strings.Lines(git(t, "ls-tree", "-r", "--name-only", "HEAD", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "config", "docs")) {
		file = strings.TrimSpace(file)
		want := git(t, "show", "HEAD:"+file)
		assert.True(t, want == strings.TrimSpace(read(t, filepath.Join(dir, file))), "%s is not as committed", file)
	}
	for _, file := range []string{"std/LICENSE", "github.com/redpanda-data/benthos/v4/LICENSE", "github.com/aws/smithy-go/NOTICE", "github.com/jmespath/go-jmespath/LICENSE", connect + "/licenses/rcl.md"} {
		assert.FileExists(t, filepath.Join(dir, "licences", file))
	}
	binary := filepath.Join(dir, "s3-destination")
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
		return string(out)
	}
	said := run("--version")
	assert.Contains(t, said, "Version: "+stamp+"\n")
	assert.Contains(t, said, at.UTC().Format(time.RFC3339))
	run("lint", "--skip-env-var-check", filepath.Join(dir, "config", "http-json-gzip.yaml"))
	assert.Equal(t, kafka, strings.Contains(run("list", "inputs"), "- redpanda\n"), "the Kafka inputs of %s", dir)
	start := read(t, binary)[:1<<12]
	assert.False(t, strings.Contains(start, "/ld-"), "the binary needs a dynamic linker")
}

// agrees compares the bill of materials with what the binary says of itself.
func agrees(t *testing.T, bom, binary string) {
	t.Helper()
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	want := []string{"std " + info.GoVersion}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		want = append(want, d.Path+" "+d.Version)
	}
	var doc struct {
		Components []struct{ Name, Version string }
	}
	require.NoError(t, json.NewDecoder(bytes.NewReader([]byte(read(t, bom)))).Decode(&doc))
	var have []string
	for _, c := range doc.Components {
		have = append(have, c.Name+" "+c.Version)
	}
	assert.ElementsMatch(t, want, have)
}
