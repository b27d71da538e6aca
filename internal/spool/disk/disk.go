// Package disk is what the spool asks of a file system: few operations, each
// with a durability that is stated, so that a simulator can take away all that
// was not promised. Names are paths, and directories are synced by name.
package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// FS is a file system. Nothing that it does is durable before it is synced: the
// contents of a file by File.Sync, and its name by SyncDir.
type FS interface {
	// MkdirAll makes a directory and those above it, and syncs their names.
	MkdirAll(dir string) error
	// Create opens a new, empty file for writing; it replaces one of that name.
	Create(name string) (File, error)
	// Append opens a file for writing at its end.
	Append(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (Reader, error)
	// Rename gives a file another name, at one stroke.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(name string) error
	// List returns the files of a directory, sorted by name.
	List(dir string) ([]Info, error)
	// SyncDir makes the names of a directory durable.
	SyncDir(dir string) error
	// Lock takes a lock that ends with the process; ErrLocked when it is held.
	Lock(name string) (io.Closer, error)
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	// Sync makes what was written durable. After an error nobody knows what is:
	// a second Sync may succeed although nothing more was written. It also tells of
	// what could not be written, which may be collected until then.
	Sync() error
	// Allocate appends so many bytes whose space is the file's from then on. What
	// they are does not matter.
	Allocate(size int64) error
}

// Reader is a file that is being read.
type Reader interface {
	io.ReaderAt
	io.Closer
	// Size is the length in bytes when the file was opened.
	Size() int64
}

// Info is a file in a directory.
type Info struct {
	Name string
	Size int64
}

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("locked by another process")

// Full reports whether an error says that there is no space left.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// OS is the file system of the machine.
type OS struct{}

var _ FS = OS{}

const (
	dirMode  = 0o700
	fileMode = 0o600
)

// MkdirAll implements FS.
func (o OS) MkdirAll(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := o.MkdirAll(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return o.SyncDir(above)
}

// Create implements FS.
func (OS) Create(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode) //nolint:gosec // the path is a setting
	if err != nil {
		return nil, err
	}
	return &file{File: f}, nil
}

// Append implements FS.
func (OS) Append(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY, fileMode) //nolint:gosec // the path is a setting
	if err != nil {
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{File: f, offset: end}, nil
}

// Open implements FS.
func (OS) Open(name string) (Reader, error) {
	f, err := os.Open(name) //nolint:gosec // the path is a setting
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return reader{File: f, size: info.Size()}, nil
}

type reader struct {
	*os.File
	size int64
}

func (r reader) Size() int64 { return r.size }

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (OS) Remove(name string) error { return os.Remove(name) }

// List implements FS.
func (OS) List(dir string) ([]Info, error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []Info
	for _, e := range all {
		if !e.Type().IsRegular() {
			continue
		}
		i, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // removed in the meantime
		}
		if err != nil {
			return nil, err
		}
		files = append(files, Info{Name: e.Name(), Size: i.Size()})
	}
	return files, nil
}

// WriteZeros writes so many zeros: space that is only promised may be missing when
// it is needed.
func WriteZeros(w io.Writer, size int64) error {
	const most = 1 << 20
	zeros := make([]byte, min(most, size))
	for size > 0 {
		n, err := w.Write(zeros[:min(most, size)])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

// ReadAll reads a whole file.
func ReadAll(fs FS, name string) ([]byte, error) {
	r, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, r.Size())
	n, err := r.ReadAt(data, 0)
	if errors.Is(err, io.EOF) { // it has become shorter, or ends here
		err = nil
	}
	return data[:n], errors.Join(err, r.Close())
}

// WriteFile makes a file durable under its name: it is written beside it, synced
// and renamed, so that the name has the old contents or the new.
func WriteFile(fs FS, name string, data []byte) error {
	beside := name + TemporarySuffix
	f, err := fs.Create(beside)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(beside, name); err != nil {
		return err
	}
	return fs.SyncDir(filepath.Dir(name))
}

// TemporarySuffix ends the names of files that are not yet what they become.
const TemporarySuffix = ".tmp"
