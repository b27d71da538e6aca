package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/resources/release/internal/pack"
	"github.com/s3-destination/s3-destination/resources/release/internal/source"
)

func TestVersionsAreSemantic(t *testing.T) {
	for in, want := range map[string]string{"1.2.3": "1.2.3", "v0.1.0": "0.1.0", "1.0.0-rc.1": "1.0.0-rc.1"} {
		have, err := parseVersion(in)
		require.NoError(t, err)
		assert.Equal(t, want, have)
	}
	for _, in := range []string{"", "1.2", "01.2.3", "1.2.3+meta", "bd942c3-dirty", "1.2.3-", "1.2.3 "} {
		_, err := parseVersion(in)
		require.ErrorContains(t, err, "make release VERSION=1.2.3", in)
	}
}

func TestEveryBinaryHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, target := range targets(platforms) {
		seen[target.stem("1.2.3")] = true
		assert.Contains(t, target.env(), "CGO_ENABLED=0")
	}
	assert.Len(t, seen, len(platforms)*len(variants))
	assert.True(t, seen["s3-destination_1.2.3_linux_amd64"])
	assert.True(t, seen["s3-destination-nokafka_1.2.3_windows_amd64"])

	hash := "0123456789abcdef0123456789abcdef01234567"
	assert.Equal(t, "1.2.3+0123456789ab", target{host(), variants[0]}.stamp("1.2.3", hash))
	assert.Equal(t, "1.2.3+0123456789ab.nokafka", target{host(), variants[1]}.stamp("1.2.3", hash))
}

func TestModulesAreReadFromWhatGoPrints(t *testing.T) {
	text := "/x/y: go1.26.8\n\tpath\texample.com/main\n\tmod\texample.com/main\t(devel)\t\n" +
		"\tdep\texample.com/b\tv1.0.0\th1:x=\n\tdep\texample.com/a\tv1.0.0\n\t=>\texample.com/fork\tv2.0.0\th1:y=\n" +
		"\tbuild\tCGO_ENABLED=0\n"
	assert.Equal(t, []string{"example.com/a v2.0.0", "example.com/b v1.0.0", "std 1.26.8"}, modulesOf(text))
}

func TestBuildsThatDifferAreNoticed(t *testing.T) {
	dirs := []string{t.TempDir(), t.TempDir()}
	for _, dir := range dirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("same"), 0o600))
		require.NoError(t, pack.WriteSums(dir))
	}
	require.NoError(t, same(dirs[0], dirs[1]))
	require.NoError(t, os.WriteFile(filepath.Join(dirs[1], "a"), []byte("other"), 0o600))
	require.ErrorContains(t, same(dirs[0], dirs[1]), "a has the checksum")
	require.NoError(t, pack.WriteSums(dirs[1]))
	require.ErrorContains(t, same(dirs[0], dirs[1]), "cannot be reproduced")
}

func TestTheArchivesOfAnotherMachineAreRefused(t *testing.T) {
	r := release{out: t.TempDir(), commit: source.Commit{Time: time.Unix(1_700_000_000, 0)}}
	var b bytes.Buffer
	require.NoError(t, pack.TarGz(&b, []pack.File{{Name: "stem/a"}}, r.commit.Time.Add(time.Hour)))
	require.NoError(t, os.WriteFile(filepath.Join(r.out, "stem.tar.gz"), b.Bytes(), 0o600))
	require.ErrorContains(t, r.unpack("stem", t.TempDir()), "is of ")
	r.commit.Time = r.commit.Time.Add(time.Hour)
	require.NoError(t, r.unpack("stem", t.TempDir()))
	require.NoError(t, os.Rename(filepath.Join(r.out, "stem.tar.gz"), filepath.Join(r.out, "other.tar.gz")))
	require.ErrorContains(t, r.unpack("other", t.TempDir()), "not in the folder other")
}

func TestADynamicBinaryIsRefused(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	text, err := os.ReadFile(self)
	require.NoError(t, err)
	if !bytes.Contains(text[:min(len(text), 1<<12)], []byte("/ld-")) {
		t.Skip("the test itself is a static binary here, or of another system")
	}
	require.ErrorContains(t, static(self), "needs a dynamic linker")
}

func TestCommandsAreChecked(t *testing.T) {
	var out bytes.Buffer
	for want, args := range map[string][]string{
		"no command":                {},
		`no command "x"`:            {"x"},
		`"" is not a version`:       {"build"},
		`"latest" is not a version`: {"notes", "-version", "latest"},
		"flag provided":             {"build", "-wrong"},
	} {
		require.ErrorContains(t, run(t.Context(), args, &out), want)
	}
	assert.Empty(t, out.String())
}

func TestOnlyAnEmptyFolderIsFilled(t *testing.T) {
	r := release{out: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(r.out, "mine"), nil, 0o600))
	require.ErrorContains(t, r.make(t.Context()), "is not empty: make clean removes it")
	left, err := os.ReadDir(r.out)
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(left, func(e os.DirEntry) bool { return e.Name() == "mine" }))
}
