package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/s3-destination/s3-destination/internal/store"
)

// Head returns the metadata of an object, with lower-case keys.
func (s *Store) Head(ctx context.Context, key string) (map[string]string, error) {
	var a About
	err := s.observed(ctx, store.OpHeadObject, key, 0, func() error {
		name, err := path(key)
		if err != nil {
			return err
		}
		a, err = s.read(name)
		return err
	})
	return a.Metadata, err
}

// read returns what is kept beside an object; nothing when the object alone is
// there.
func (s *Store) read(name string) (a About, err error) {
	info, err := s.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return a, err
	}
	text, err := s.root.ReadFile(beside(name))
	if errors.Is(err, fs.ErrNotExist) {
		return About{Metadata: map[string]string{}}, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}

// errLarge says that an object is larger than its reader takes.
var errLarge = errors.New("too large")

// open opens the file of an object.
func (s *Store) open(key string) (*os.File, error) {
	name, err := path(key)
	if err != nil {
		return nil, err
	}
	return s.root.Open(name)
}

// Get returns the content of an object of at most that many bytes, and its ETag.
func (s *Store) Get(ctx context.Context, key string, most int64) (content []byte, etag string, err error) {
	err = s.observed(ctx, store.OpGetObject, key, 0, func() error {
		f, err := s.open(key)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		content, err = io.ReadAll(io.LimitReader(f, most+1))
		if err == nil && int64(len(content)) > most {
			err = fmt.Errorf("%w: the object has more than %d bytes", errLarge, most)
		}
		return err
	})
	sum := sha256.Sum256(content)
	return content, etagOf(hex.EncodeToString(sum[:])), err
}

// Delete removes one object. Deleting what is not there succeeds.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.observed(ctx, store.OpDeleteObject, key, 0, func() error {
		name, err := path(key)
		if err != nil {
			return err
		}
		for _, file := range []string{name, beside(name)} {
			if err := s.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}

// List returns the first keys that begin with prefix and sort after the key after
// (empty: from the first), at most limit of them, in the order of S3: by their
// bytes.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (keys []string, err error) {
	err = s.observed(ctx, store.OpListObjects, prefix, 0, func() error {
		l := listing{store: s, prefix: prefix, after: after, limit: min(max(limit, 1), store.MaxListed)}
		folder := prefix[:strings.LastIndexByte(prefix, '/')+1]
		err := l.walk(ctx, folder)
		keys = l.keys
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil // no object begins so
		}
		return err
	})
	return keys, err
}

// Listing is [Store.List] with size and time of each object.
func (s *Store) Listing(ctx context.Context, prefix, after string, limit int) ([]store.Listed, error) {
	keys, err := s.List(ctx, prefix, after, limit)
	listed := make([]store.Listed, 0, len(keys))
	for _, key := range keys {
		about, missing := s.listed(key)
		if errors.Is(missing, fs.ErrNotExist) {
			continue // removed in the meantime
		}
		if missing != nil {
			return nil, s.failure(store.OpListObjects, key, missing)
		}
		listed = append(listed, about)
	}
	return listed, err
}

func (s *Store) listed(key string) (store.Listed, error) {
	name, err := path(key)
	if err != nil {
		return store.Listed{}, err
	}
	info, err := s.root.Stat(name)
	if err != nil {
		return store.Listed{}, err
	}
	return store.Listed{Key: key, Size: info.Size(), Modified: info.ModTime().UTC()}, nil
}

// Stat returns what is known of an object.
func (s *Store) Stat(ctx context.Context, key string) (store.About, error) {
	var about store.About
	err := s.observed(ctx, store.OpHeadObject, key, 0, func() error {
		name, err := path(key)
		if err != nil {
			return err
		}
		a, err := s.read(name)
		if err != nil {
			return err
		}
		about = store.About{ContentType: a.ContentType, ContentEncoding: a.ContentEncoding, Metadata: a.Metadata}
		if a.SHA256 != "" {
			about.ETag = etagOf(a.SHA256)
		}
		about.Listed, err = s.listed(key)
		return err
	})
	return about, err
}

// Range returns n bytes of an object, or those that there are, from off on.
func (s *Store) Range(ctx context.Context, key string, off, n int64) (content []byte, err error) {
	err = s.observed(ctx, store.OpGetObject, key, 0, func() error {
		f, err := s.open(key)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		content, err = io.ReadAll(io.NewSectionReader(f, off, n))
		return err
	})
	return content, err
}

// listing is one call of List.
type listing struct {
	store         *Store
	prefix, after string
	limit         int
	keys          []string
}

// walk adds the keys of a folder, which is empty or ends with a slash.
func (l *listing) walk(ctx context.Context, folder string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	names, err := l.names(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		key := folder + name
		switch {
		case len(l.keys) == l.limit:
			return nil
		case !strings.HasPrefix(key, l.prefix) && !strings.HasPrefix(l.prefix, key):
		case !strings.HasSuffix(name, "/"):
			if strings.HasPrefix(key, l.prefix) && key > l.after {
				l.keys = append(l.keys, key)
			}
		case key > l.after || strings.HasPrefix(l.after, key):
			if err := l.walk(ctx, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// names are those of a folder in the order of keys, which have a slash behind the
// name of a folder.
func (l *listing) names(folder string) ([]string, error) {
	name := "."
	if folder != "" {
		var err error
		if name, err = path(strings.TrimSuffix(folder, "/")); err != nil {
			return nil, fs.ErrNotExist // nothing can be there
		}
	}
	f, err := l.store.root.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		switch {
		case ours(e.Name()):
		case e.IsDir():
			names = append(names, e.Name()+"/")
		case e.Type().IsRegular():
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
