//go:build unix

package disk

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// Lock implements FS with flock: the kernel lets go of it when the process ends,
// in whichever way.
func (OS) Lock(name string) (io.Closer, error) { return Lock(name, fileMode) }

// Lock takes a lock on a file, which is made with this mode where there is none. Whoever
// may only read a file that is there may lock it, too.
func Lock(name string, mode os.FileMode) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, mode) //nolint:gosec // the path is a setting
	if errors.Is(err, os.ErrPermission) {
		f, err = os.Open(name) //nolint:gosec // the path is a setting
	}
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	return nil, errors.Join(err, f.Close())
}

// SyncDir implements FS.
func (OS) SyncDir(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the path is a setting
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Free is how many bytes may still be written to the disk of a directory.
func Free(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // other systems have other types
}
