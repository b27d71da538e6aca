package directory

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An object is durable only when the names of all folders above it are, also of those
// that another process has made, which may not have come to sync them.
func TestTheNamesOfFoldersThatAreThereAreSyncedOnce(t *testing.T) {
	s := open(t)
	require.NoError(t, os.MkdirAll(filepath.Join(s.cfg.Dir, "a", "b"), dirMode))
	synced := map[string]int{}
	syncDir := s.syncDir
	s.syncDir = func(dir string) error {
		below, err := filepath.Rel(s.cfg.Dir, dir)
		require.NoError(t, err)
		synced[filepath.ToSlash(below)]++
		return syncDir(dir)
	}
	put := func(key string) {
		clear(synced)
		_, err := s.Put(t.Context(), object(key, "x"))
		require.NoError(t, err)
	}
	put("a/b/1")
	assert.Equal(t, 1, synced["a"], "for b")
	assert.Equal(t, 2, synced["."], "for a, and for the folder of drafts")
	put("a/b/2")
	assert.Equal(t, map[string]int{"a/b": 1}, synced, "they are known now")
	require.NoError(t, os.RemoveAll(filepath.Join(s.cfg.Dir, "a")))
	put("a/b/3")
	assert.Equal(t, map[string]int{".": 1, "a": 1, "a/b": 1}, synced, "and are new again")

	other := filepath.Join(s.cfg.Dir, "other")
	require.NoError(t, os.MkdirAll(filepath.Join(other, "b"), dirMode)) // while a is there: not the same one again
	require.NoError(t, os.RemoveAll(filepath.Join(s.cfg.Dir, "a")))
	require.NoError(t, os.Rename(other, filepath.Join(s.cfg.Dir, "a")))
	put("a/b/4")
	assert.Equal(t, map[string]int{".": 1, "a": 1, "a/b": 1}, synced, "another process has made others in their place")

	s.durable = map[string]fs.FileInfo{}
	for n := range mostDurable + 1 {
		s.durable["before-"+strconv.Itoa(n)] = nil
	}
	put("c/1")
	assert.Len(t, s.durable, 1, "what is remembered is bounded")
}

// Whoever may write to the directory may also be another user.
func TestLocksAreForAllWhoMayWriteToTheDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode there")
	}
	s := open(t)
	o := object("a", "x")
	_, err := s.Put(t.Context(), o)
	require.NoError(t, err)
	want, err := os.Stat(filepath.Join(s.cfg.Dir, "a")) // by the umask
	require.NoError(t, err)
	for _, name := range []string{locked, filepath.Join(s.drafts.folder, draftsLock)} {
		got, err := os.Stat(filepath.Join(s.cfg.Dir, name))
		require.NoError(t, err)
		assert.Equal(t, want.Mode(), got.Mode(), name)
	}
}
