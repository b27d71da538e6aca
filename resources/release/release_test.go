//go:build release

package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
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

	"github.com/s3-destination/s3-destination/resources/release/internal/changelog"
)

const version = "0.0.0-check"

// TestRelease makes the release for this machine twice, compares, and looks at
// what is in it. The second time it is made in a folder of another name and
// length, and everything is compiled anew.
func TestRelease(t *testing.T) {
	platform := runtime.GOOS + "_" + runtime.GOARCH
	first, second := filepath.Join(t.TempDir(), "dist"), filepath.Join(t.TempDir(), "another-dist")
	script(t, root, nil, version, first, platform)
	tmp := filepath.Join(t.TempDir(), "a-folder-of-another-name") // the clone is below
	require.NoError(t, os.Mkdir(tmp, 0o700))
	script(t, root, []string{"TMPDIR=" + tmp, "GOCACHE=" + filepath.Join(t.TempDir(), "cache")}, version, second, platform)
	same(t, first, second)

	_, err := changelog.Parse(git(t, root, "show", "HEAD:CHANGELOG.md"))
	require.NoError(t, err, "CHANGELOG.md")
	commit := git(t, root, "rev-parse", "HEAD")
	at, err := time.Parse(time.RFC3339, git(t, root, "log", "-1", "--format=%cI"))
	require.NoError(t, err)
	want := map[string]string{}
	for _, variant := range []string{"", "-nokafka"} {
		stem := "s3-destination" + variant + "_" + version + "_" + platform
		bom := filepath.Join(first, stem+".cdx.json")
		dir := filepath.Join(t.TempDir(), stem)
		unpack(t, filepath.Join(first, stem+".tar.gz"), filepath.Dir(dir), stem, at)
		want[stem+".tar.gz"], want[stem+".cdx.json"] = sum(t, filepath.Join(first, stem+".tar.gz")), sum(t, bom)

		isComplete(t, dir)
		passesOnLicences(t, filepath.Join(dir, "licences"), linked(t, "./cmd/s3-destination", strings.TrimPrefix(variant, "-"), platform))
		stamp := version + "+" + commit[:12] + strings.Replace(variant, "-", ".", 1)
		runs(t, dir, stamp, at, variant == "")
		isStatic(t, filepath.Join(dir, "s3-destination"))
		assert.Equal(t, read(t, bom), read(t, filepath.Join(dir, "sbom.cdx.json")))
		agrees(t, bom, filepath.Join(dir, "s3-destination"))
	}
	have := map[string]string{}
	for line := range strings.Lines(read(t, filepath.Join(first, "SHA256SUMS"))) {
		digits, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		have[name] = digits
	}
	assert.Equal(t, want, have, "checksums")
}

// script runs release.sh of a checkout.
func script(t *testing.T, checkout string, env []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(checkout, "resources/release/release.sh"), args...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
}

// same compares all files of two folders.
func same(t *testing.T, first, second string) {
	t.Helper()
	list := func(dir string) (names []string) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	require.Equal(t, list(first), list(second))
	for _, name := range list(first) {
		assert.Equal(t, sum(t, filepath.Join(first, name)), sum(t, filepath.Join(second, name)), "%s cannot be reproduced", name)
	}
}

func TestWhatIsNoReleaseIsRefused(t *testing.T) {
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, root, "clone", "--quiet", ".", clone)
	git(t, clone, "tag", "v1.2.3")
	git(t, clone, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--allow-empty", "-m", "more")
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "mine"), nil, 0o600))
	for want, args := range map[string][]string{
		`"latest" is not a version`:      {"latest", t.TempDir()},
		`"1.2" is not a version`:         {"1.2", t.TempDir()},
		`"1.2.3+meta" is not a version`:  {"1.2.3+meta", t.TempDir()},
		"is not empty: make clean":       {"1.2.4", full},
		"the tag v1.2.3 is at ":          {"v1.2.3", t.TempDir()},
		"is checked out: check out the ": {"1.2.3", t.TempDir()},
	} {
		out, err := exec.CommandContext(t.Context(), filepath.Join(clone, "resources/release/release.sh"), args...).CombinedOutput()
		require.Error(t, err, "%s", out)
		assert.Contains(t, string(out), want)
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func sum(t *testing.T, path string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(read(t, path)))
	return hex.EncodeToString(digest[:])
}

// unpack extracts an archive, and checks that it says nothing of the machine.
func unpack(t *testing.T, path, dir, stem string, at time.Time) {
	t.Helper()
	zr, err := gzip.NewReader(strings.NewReader(read(t, path)))
	require.NoError(t, err)
	assert.True(t, zr.ModTime.IsZero() && zr.Name == "", "the gzip header of %s has a time or a name", stem)
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(h.Name, stem) && filepath.IsLocal(h.Name), h.Name)
		assert.True(t, h.ModTime.Equal(at), "%s is of %v", h.Name, h.ModTime)
		assert.True(t, h.Uid == 0 && h.Gid == 0 && h.Uname == "root" && h.Gname == "root", "%s is of %s", h.Name, h.Uname)
		if h.Typeflag == tar.TypeDir {
			continue
		}
		mode := os.FileMode(0o644)
		if h.Name == stem+"/s3-destination" {
			mode = 0o755
		}
		assert.Equal(t, mode, h.FileInfo().Mode(), h.Name)
		body, err := io.ReadAll(tr)
		require.NoError(t, err)
		name := filepath.Join(dir, h.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, body, mode))
	}
}

// isComplete checks that the files of the repository are as committed.
func isComplete(t *testing.T, dir string) {
	t.Helper()
	files := git(t, root, "ls-tree", "-r", "--name-only", "HEAD", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "config", "docs")
	for file := range strings.Lines(files) {
		file = strings.TrimSpace(file)
		want := git(t, root, "show", "HEAD:"+file)
		assert.True(t, want == strings.TrimSpace(read(t, filepath.Join(dir, file))), "%s is not as committed", file) //nolint:testifylint // some are pictures
	}
}

// runs starts the binary: it prints the version it was stamped with, accepts an
// example of its archive, and has the inputs of its variant.
func runs(t *testing.T, dir, stamp string, at time.Time, kafka bool) {
	t.Helper()
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "s3-destination"), args...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
		return string(out)
	}
	said := run("--version")
	assert.Contains(t, said, "Version: "+stamp+"\n")
	assert.Contains(t, said, at.UTC().Format(time.RFC3339))
	run("lint", "--skip-env-var-check", filepath.Join(dir, "config", "http-json-gzip.yaml"))
	assert.Equal(t, kafka, strings.Contains(run("list", "inputs"), "- redpanda\n"), "the Kafka inputs of %s", dir)
}

// isStatic checks that an executable of Linux starts without a dynamic linker.
func isStatic(t *testing.T, binary string) {
	t.Helper()
	if runtime.GOOS != "linux" { // where nothing of C is linked either
		return
	}
	f, err := elf.NewFile(bytes.NewReader([]byte(read(t, binary))))
	require.NoError(t, err)
	for _, p := range f.Progs {
		assert.False(t, p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC, "the binary needs a dynamic linker (%v)", p.Type)
	}
}
