package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository makes a repository with one commit, in which work is going on.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull, "SOURCE_DATE_EPOCH": "",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_COMMITTER_DATE": "2026-01-02T03:04:06Z",
	} {
		t.Setenv(name, value)
	}
	in(t, dir, "init", "-q")
	write(t, dir, "a.txt", "committed", 0o644)
	write(t, dir, "sub/run.sh", "#!/bin/sh\n", 0o755)
	in(t, dir, "add", ".")
	in(t, dir, "commit", "-q", "-m", "First")
	write(t, dir, "a.txt", "changed", 0o644)
	write(t, dir, "new.txt", "untracked", 0o644)
	return dir
}

func in(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func write(t *testing.T, dir, name, body string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(body), mode))
}

func TestOnlyWhatIsCommittedIsExported(t *testing.T) {
	dir, to := repository(t), t.TempDir()
	head, err := Head(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, Export(t.Context(), dir, head.Hash, to))
	body, err := os.ReadFile(filepath.Join(to, "a.txt"))
	require.NoError(t, err)
	assert.Equal(t, "committed", string(body))
	info, err := os.Stat(filepath.Join(to, "sub", "run.sh"))
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&0o100, "it can be run")
	assert.NoFileExists(t, filepath.Join(to, "new.txt"))

	changed, err := Changed(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, []string{" M a.txt"}, changed)
}

func TestTheTimeIsThatOfTheCommitUnlessTheEnvironmentSaysOtherwise(t *testing.T) {
	dir := repository(t)
	head, err := Head(t.Context(), dir)
	require.NoError(t, err)
	assert.Len(t, head.Hash, 40)
	assert.Equal(t, "2026-01-02T03:04:06Z", head.Time.Format("2006-01-02T15:04:05Z07:00"))

	t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
	head, err = Head(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, "2001-09-09T01:46:40Z", head.Time.Format("2006-01-02T15:04:05Z07:00"))

	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	_, err = Head(t.Context(), dir)
	require.ErrorContains(t, err, `from "yesterday"`)
}

func TestTagsAreFollowedToTheirCommit(t *testing.T) {
	dir := repository(t)
	head, err := Head(t.Context(), dir)
	require.NoError(t, err)
	in(t, dir, "tag", "v1.0.0")
	in(t, dir, "tag", "-a", "-m", "Second", "v1.1.0")
	for _, tag := range []string{"v1.0.0", "v1.1.0"} {
		at, err := Tagged(t.Context(), dir, tag)
		require.NoError(t, err)
		assert.Equal(t, head.Hash, at, tag)
	}
	at, err := Tagged(t.Context(), dir, "v2.0.0")
	require.NoError(t, err)
	assert.Empty(t, at)
}

func TestOutsideOfGitTheErrorSaysWhatIsNeeded(t *testing.T) {
	t.Setenv("GIT_CEILING_DIRECTORIES", os.TempDir())
	_, err := Head(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "a release is made from a git checkout")
}
