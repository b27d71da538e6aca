// Package directory is a store in a directory of this machine: objects are files, and
// what a bucket keeps beside an object is in a hidden file beside it. It answers as
// package store does, conditions and classes of errors included, so that a pipeline
// can run without a bucket, and nothing that it does there is left out here.
package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Config describes a directory and how to write to it.
type Config struct {
	// Dir is made when it does not exist.
	Dir string
	// Conditions is [store.NeverConditions] to write without conditions. What a
	// file system does is known otherwise.
	Conditions store.Conditions
	// ContentType and ContentEncoding are kept with objects that have none.
	ContentType, ContentEncoding string
	// Metadata is kept with every object; an object's own entries win.
	Metadata map[string]string
	// Observer is told about every operation; nil means nobody is.
	Observer store.Observer
}

// Store keeps objects in a directory. It is safe for concurrent use, also by
// several processes with the same directory.
type Store struct {
	cfg  Config
	root *os.Root // no key leads out of it, not even over a symbolic link
	// making is held while folders are made, so that nobody takes one for durable
	// whose name is not.
	making sync.Mutex
	// durable are folders whose names are known to be, with what tells them from later
	// ones of the same name. A file system that gives the number of a removed folder to
	// a new one (ext4, XFS) logs changes in their order: what is synced in the new one
	// makes its name durable.
	durable map[string]fs.FileInfo
	syncDir func(dir string) error
	// drafting guards drafts, which is nil until something is written.
	drafting sync.Mutex
	drafts   *drafts
}

// dirMode and fileMode are restricted by the umask of the process, as with any
// program that writes files for others to read.
const (
	dirMode  = 0o777
	fileMode = 0o666
)

// Open makes the directory unless it is there.
func Open(cfg Config) (*Store, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err == nil {
		err = os.MkdirAll(dir, dirMode)
	}
	if err != nil {
		return nil, fmt.Errorf("making the directory %s for objects: %w: name one that this process may write to", cfg.Dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory %s for objects: %w", cfg.Dir, err)
	}
	cfg.Dir = dir
	return &Store{cfg: cfg, root: root, durable: map[string]fs.FileInfo{}, syncDir: disk.OS{}.SyncDir}, nil
}

// Close lets go of the directory. Calls in flight may fail.
func (s *Store) Close() {
	s.drafting.Lock()
	defer s.drafting.Unlock()
	s.closeDrafts()
	_ = s.root.Close()
}

// The names of what is no object. They begin with a dot, so that shells, Hive,
// Spark and Athena pass over them.
const (
	reserved  = ".s3d-"
	temporary = reserved + "tmp"
	locked    = reserved + "lock"
	// A file beside an object has the name of the object between these.
	besideBegin, besideEnd = ".", ".s3d-meta"
)

// ours reports whether a name of a file or folder is none of an object.
func ours(name string) bool {
	return strings.HasPrefix(name, reserved) || strings.HasPrefix(name, besideBegin) && strings.HasSuffix(name, besideEnd)
}

// errNoFile says that a key cannot be the name of a file.
var errNoFile = errors.New("the key cannot be the path of a file")

// path is where the object of a key is, below the directory. Each key has a path of
// its own: what a file system would take for another key is refused.
func path(key string) (string, error) {
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case segment == "", segment == ".", segment == "..":
			return "", fmt.Errorf("%w: it has an empty or a dot segment", errNoFile)
		case ours(segment):
			return "", fmt.Errorf("%w: names like %s are for what is kept beside objects", errNoFile, segment)
		}
	}
	name := filepath.FromSlash(key)
	if strings.ContainsRune(key, 0) || !filepath.IsLocal(name) || filepath.ToSlash(name) != key {
		return "", fmt.Errorf("%w on this system", errNoFile)
	}
	return name, nil
}

// beside is where the metadata of an object is.
func beside(name string) string {
	dir, file := filepath.Split(name)
	return dir + besideBegin + file + besideEnd
}

// Conditional is what is known of conditional writes: a file system has them.
func (s *Store) Conditional(int64) store.Known {
	if s.cfg.Conditions == store.NeverConditions {
		return store.Refuted
	}
	return store.Shown
}

// Capabilities is what a directory can do.
func (s *Store) Capabilities() (c store.Capabilities) {
	for a := range c {
		c[a] = store.Shown
	}
	c[store.ConditionalPut], c[store.ConditionalComplete] = s.Conditional(0), s.Conditional(0)
	c[store.ChecksumEcho], c[store.EncryptionEcho] = store.Refuted, store.Refuted
	return c
}

// Learn does nothing: there is nothing to find out.
func (s *Store) Learn(store.Ability, store.Known) {}

// Waiting is nil: nobody is asked.
func (s *Store) Waiting() error { return nil }

// Sum is none: no checksum is sent. See [About.SHA256].
func (s *Store) Sum(*store.Body) store.Sum { return store.Sum{} }

// observed does one operation, and tells the observer.
func (s *Store) observed(ctx context.Context, op store.Op, key string, size int64, do func() error) error {
	began := time.Now()
	err := ctx.Err()
	if err == nil {
		err = do()
	}
	if err != nil {
		err, size = s.failure(op, key, err), 0
	}
	if s.cfg.Observer != nil {
		s.cfg.Observer.Attempt(store.Attempt{
			Op: op, Class: store.ClassOf(err), Bytes: size, Latency: time.Since(began), Number: 1, Err: err,
		})
	}
	return err
}
