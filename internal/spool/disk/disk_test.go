package disk_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// Both file systems do the same, so that what holds in the simulator holds on
// the real one.
func TestFileSystemsAgree(t *testing.T) {
	systems := map[string]func(t *testing.T) (disk.FS, string){
		"real":      func(t *testing.T) (disk.FS, string) { return disk.OS{}, t.TempDir() },
		"simulated": func(*testing.T) (disk.FS, string) { return crashdisk.New(1), "/spool" },
	}
	for name, system := range systems {
		t.Run(name, func(t *testing.T) {
			fsys, top := system(t)
			acceptance(t, fsys, filepath.Join(top, "a", "b"))
		})
	}
}

func acceptance(t *testing.T, fsys disk.FS, dir string) {
	require.NoError(t, fsys.MkdirAll(dir))
	require.NoError(t, fsys.MkdirAll(dir), "it may be there already")
	path := func(name string) string { return filepath.Join(dir, name) }

	write(t, must(fsys.Create(path("two"))), "old")
	write(t, must(fsys.Create(path("two"))), "12")
	write(t, must(fsys.Append(path("two"))), "345")
	assert.Equal(t, "12345", string(must(disk.ReadAll(fsys, path("two")))))

	require.NoError(t, disk.WriteFile(fsys, path("one"), []byte("new")))
	require.NoError(t, disk.WriteFile(fsys, path("one"), []byte("newer")))
	assert.Equal(t, []disk.Info{{Name: "one", Size: 5}, {Name: "two", Size: 5}}, must(fsys.List(dir)))

	require.NoError(t, fsys.Rename(path("two"), path("one")))
	assert.Equal(t, "12345", string(must(disk.ReadAll(fsys, path("one")))))
	require.NoError(t, fsys.Remove(path("one")))
	require.NoError(t, fsys.SyncDir(dir))
	assert.Empty(t, must(fsys.List(dir)))
	for _, err := range []error{
		fsys.Remove(path("one")), fsys.Rename(path("one"), path("two")),
		second(fsys.Open(path("one"))), second(fsys.Append(path("one"))),
	} {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}

	lock := must(fsys.Lock(path("LOCK")))
	_, err := fsys.Lock(path("LOCK"))
	require.ErrorIs(t, err, disk.ErrLocked)
	require.NoError(t, lock.Close())
	require.NoError(t, must(fsys.Lock(path("LOCK"))).Close())
}

func write(t *testing.T, f disk.File, text string) {
	t.Helper()
	_, err := f.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, f.Close())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func second[T any](_ T, err error) error { return err }

func TestFullIsWhatTheKernelSaysWhenThereIsNoSpace(t *testing.T) {
	assert.True(t, disk.Full(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}))
	assert.True(t, disk.Full(syscall.EDQUOT))
	assert.False(t, disk.Full(syscall.EIO))
}
