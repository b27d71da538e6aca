package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/store"
)

// About is what is kept beside an object.
type About struct {
	// ContentType and ContentEncoding are as a bucket would give them.
	ContentType     string `json:"content_type,omitempty"`
	ContentEncoding string `json:"content_encoding,omitempty"`
	// Metadata is the user metadata, with lower-case keys.
	Metadata map[string]string `json:"metadata"`
	// SHA256 is of the content, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Put stores one object and returns when it is durable: the content is synced before
// it has its name, and so is the folder afterwards. It takes the place of
// [store.Store.Put], conditions and identity included. There is an object without
// metadata when the process ends in between, and nobody was told that it is stored.
func (s *Store) Put(ctx context.Context, o store.Object) (store.Result, error) {
	if o.Body == nil {
		o.Body = &store.Body{}
	}
	r := store.Result{Attempts: 1}
	err := s.observed(ctx, store.OpPutObject, o.Key, o.Body.Len(), func() error {
		name, err := path(o.Key)
		if err != nil {
			return err
		}
		folder, err := s.openDrafts(ctx)
		if err != nil {
			return err
		}
		if o.IfMatch != "" {
			unlock, err := s.lock(ctx)
			if err != nil {
				return err
			}
			defer unlock()
			if err := s.unchanged(name, o.IfMatch); err != nil {
				return err
			}
		}
		r.ETag, r.Recovered, err = s.put(o, name, folder)
		return err
	})
	return r, err
}

// put writes the object into a folder of drafts, and moves it to its place.
func (s *Store) put(o store.Object, name, folder string) (etag string, recovered bool, err error) {
	content, sum, err := s.write(folder, func(w io.Writer) error { _, err := o.Body.WriteTo(w); return err })
	defer s.discard(content)
	if err != nil {
		return "", false, err
	}
	about, err := json.Marshal(s.about(o, sum))
	if err != nil {
		return "", false, err
	}
	described, _, err := s.write(folder, func(w io.Writer) error { _, err := w.Write(about); return err })
	defer s.discard(described)
	if err == nil {
		err = s.makeFolder(filepath.Dir(name))
	}
	if err != nil {
		return "", false, err
	}
	conditional := o.IfNoneMatch && s.cfg.Conditions != store.NeverConditions
	if conditional {
		err = s.root.Link(content, name) // fails where the name is taken
	} else {
		err = s.root.Rename(content, name)
	}
	if errors.Is(err, fs.ErrExist) && conditional {
		return "", true, s.taken(o, name)
	}
	if err != nil {
		return "", false, err
	}
	if err := s.root.Rename(described, beside(name)); err != nil {
		return "", false, errors.Join(err, s.root.Remove(name))
	}
	if err := s.sync(filepath.Dir(name)); err != nil {
		return "", false, &doubt{err}
	}
	return etagOf(sum), false, nil
}

// doubt is an error after which the object may exist.
type doubt struct{ error }

func (d *doubt) Unwrap() error { return d.error }

// taken is the outcome of a write on the condition that its name is free, when it is
// not: nil where an earlier try of the same write has taken it.
func (s *Store) taken(o store.Object, name string) error {
	if err := s.sync(filepath.Dir(name)); err != nil {
		return err // whoever hears that it is taken may rely on that
	}
	if !o.MayExist || o.Identity == "" {
		return store.ErrExists
	}
	about, err := s.read(name)
	switch {
	case err != nil || about.SHA256 == "":
		return &doubt{store.ErrExists}
	case about.Metadata[store.IdentityKey] == o.Identity:
		return nil
	}
	return store.ErrExists
}

// about is what is kept beside an object.
func (s *Store) about(o store.Object, sum string) About {
	a := About{
		ContentType: s.cfg.ContentType, ContentEncoding: s.cfg.ContentEncoding,
		Metadata: map[string]string{}, SHA256: sum,
	}
	if o.ContentType != "" {
		a.ContentType = o.ContentType
	}
	if o.ContentEncoding != "" {
		a.ContentEncoding = o.ContentEncoding
	}
	for _, from := range []map[string]string{s.cfg.Metadata, o.Metadata} {
		for k, v := range maps.All(from) {
			a.Metadata[strings.ToLower(k)] = v
		}
	}
	if o.Identity != "" {
		a.Metadata[store.IdentityKey] = o.Identity
	}
	return a
}

// write makes a file that has no name yet but one of ours, and its checksum. The
// content is durable, the name is not.
func (s *Store) write(folder string, content func(io.Writer) error) (name, sum string, err error) {
	name = filepath.Join(folder, rand.Text())
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return name, "", err
	}
	hash := sha256.New()
	err = content(io.MultiWriter(f, hash))
	if err == nil {
		err = f.Sync()
	}
	return name, hex.EncodeToString(hash.Sum(nil)), errors.Join(err, f.Close())
}

// discard removes a file that has become an object under another name, or did not.
func (s *Store) discard(name string) { _ = s.root.Remove(name) }

func etagOf(sum string) string { return `"` + sum + `"` }

// mostDurable is how many folders are remembered.
const mostDurable = 10_000

// makeFolder makes a folder and those above it, and syncs their names. Those that are
// there may have been made a moment ago, by another process that has not synced them,
// also in the place of one that was durable and has been removed since.
func (s *Store) makeFolder(dir string) error {
	s.making.Lock()
	defer s.making.Unlock()
	above := "."
	for segment := range strings.SplitSeq(filepath.ToSlash(dir), "/") {
		next := filepath.Join(above, segment)
		if next == "." {
			continue
		}
		err := s.root.Mkdir(next, dirMode)
		there := errors.Is(err, fs.ErrExist)
		if err != nil && !there {
			return err
		}
		now, err := s.root.Lstat(next)
		if err != nil {
			return err
		}
		if !there || !os.SameFile(s.durable[next], now) {
			if err := s.sync(above); err != nil {
				return err
			}
			if len(s.durable) >= mostDurable {
				clear(s.durable)
			}
			s.durable[next] = now
		}
		above = next
	}
	return nil
}

// sync makes the names in a folder durable.
func (s *Store) sync(dir string) error { return s.syncDir(filepath.Join(s.cfg.Dir, dir)) }

// lockTick is how often a lock is tried that somebody else has, for moments.
const lockTick = 5 * time.Millisecond

// lock keeps others from replacing an object that is compared first, in this
// process and in others.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	for {
		held, err := disk.Lock(filepath.Join(s.cfg.Dir, locked), fileMode)
		if err == nil {
			return func() { _ = held.Close() }, nil
		}
		if !errors.Is(err, disk.ErrLocked) {
			return nil, err //nolint:wrapcheck // failure says what was being done
		}
		select {
		case <-time.After(lockTick):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// unchanged fails unless the object is the one with that ETag.
func (s *Store) unchanged(name, etag string) error {
	content, err := s.root.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sum := sha256.Sum256(content)
	if err != nil || etagOf(hex.EncodeToString(sum[:])) != etag {
		return store.ErrChanged
	}
	return nil
}
