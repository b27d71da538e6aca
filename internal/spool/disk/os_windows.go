package disk

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// errSharing is ERROR_SHARING_VIOLATION: somebody else has the file open.
const errSharing = syscall.Errno(32)

// Lock implements FS: the file is opened so that nobody else can open it.
func (OS) Lock(name string) (io.Closer, error) { return Lock(name, fileMode) }

// Lock takes a lock on a file, which is made where there is none; modes do not matter.
func Lock(name string, _ os.FileMode) (io.Closer, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errSharing) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}

// SyncDir implements FS. NTFS keeps a journal of names, and has no way to sync a
// directory.
func (OS) SyncDir(string) error { return nil }

// Free is how many bytes may still be written to the disk of a directory.
func Free(string) (int64, error) { return 0, errors.ErrUnsupported }
