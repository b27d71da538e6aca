package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// drafts is where a Store writes what is no object yet: a folder of its own with a
// lock, which is held while the Store is open. So whoever comes next can tell what a
// process has left that was killed from what another one is writing.
type drafts struct {
	folder string
	lock   io.Closer
}

const draftsLock = "lock"

// openDrafts returns the folder. It makes it unless it is there, and then removes those
// that nobody holds.
func (s *Store) openDrafts(ctx context.Context) (folder string, err error) {
	s.drafting.Lock()
	defer s.drafting.Unlock()
	if s.drafts != nil {
		if _, err := s.root.Stat(s.drafts.folder); !errors.Is(err, fs.ErrNotExist) {
			return s.drafts.folder, err
		}
		s.closeDrafts() // somebody has removed it
	}
	if err := s.makeFolder(temporary); err != nil {
		return "", err
	}
	unlock, err := s.lock(ctx) // between its name and its lock a folder looks left
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := s.sweep(); err != nil {
		return "", err
	}
	folder = filepath.Join(temporary, rand.Text())
	if err := s.root.Mkdir(folder, dirMode); err != nil {
		return "", err
	}
	held, err := disk.Lock(filepath.Join(s.cfg.Dir, folder, draftsLock), fileMode)
	if err != nil {
		return "", errors.Join(err, s.root.RemoveAll(folder))
	}
	s.drafts = &drafts{folder: folder, lock: held}
	return folder, nil
}

// sweep removes what processes have left that have ended. The caller holds the lock of
// the directory.
func (s *Store) sweep() error {
	left, err := fs.ReadDir(s.root.FS(), temporary)
	if err != nil {
		return err
	}
	for _, entry := range left {
		name := filepath.Join(temporary, entry.Name())
		if entry.IsDir() { // and no link to one
			held, err := disk.Lock(filepath.Join(s.cfg.Dir, name, draftsLock), fileMode)
			if errors.Is(err, disk.ErrLocked) {
				continue
			}
			if err == nil {
				_ = held.Close() // Windows removes no file that is open
			}
		}
		if err := s.root.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

// closeDrafts removes the folder.
func (s *Store) closeDrafts() {
	if s.drafts != nil {
		_ = s.drafts.lock.Close()
		_ = s.root.RemoveAll(s.drafts.folder)
	}
	s.drafts = nil
}
