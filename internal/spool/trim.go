package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
)

func (s *Spool) dirOf(name string) string { return filepath.Join(s.dir, name) }

// trim removes what nobody needs any more, oldest first: a file whose removal is
// undone by a crash is then followed by all that came after it. What fails is
// tried again with the next.
func (s *Spool) trim() {
	_ = s.trims.do(func() error { // told
		err := s.trimOutbox()
		if err == nil {
			err = s.trimSpills()
		}
		if err == nil {
			err = s.journal.Trim(s.oldest())
		}
		if err != nil {
			s.failed(fmt.Errorf("removing what is not needed any more from %s: %w", s.dir, err))
		}
		s.wake()
		return err
	})
}

// oldest is the oldest segment of the journal that holds what is nowhere else on
// disk.
func (s *Spool) oldest() uint64 {
	newest := s.journal.Newest() // before the lock: a later one has later records
	s.mu.Lock()
	defer s.mu.Unlock()
	for segment := range s.state.inSegment {
		newest = min(newest, segment)
	}
	return newest
}

// trimOutbox removes the files of objects that have landed. Those of one stream go
// one after another: should their entries be damaged, the oldest that is there is taken
// for its next object. Those of different streams have nothing to do with each other,
// and share a sync of the directory.
func (s *Spool) trimOutbox() error {
	for {
		s.mu.Lock()
		oldest := s.state.oldestLanded()
		s.mu.Unlock()
		if len(oldest) == 0 {
			return nil
		}
		for _, n := range oldest {
			if err := s.unlink(outboxDir, n); err != nil {
				return err
			}
		}
		if err := s.syncOutbox(); err != nil {
			return err
		}
		s.mu.Lock()
		for _, n := range oldest {
			s.outbox -= s.state.landed[n].size
			delete(s.state.landed, n)
		}
		s.mu.Unlock()
	}
}

// oldestLanded is the first object of each stream that has landed and has a file.
func (s *state) oldestLanded() []uint64 {
	first := make(map[uint64]uint64, len(s.landed))
	for n, o := range s.landed {
		if known, is := first[o.stream]; !is || n < known {
			first[o.stream] = n
		}
	}
	return slices.Sorted(maps.Values(first))
}

// syncOutbox makes the names of the files in the outbox durable.
func (s *Spool) syncOutbox() error {
	return s.names.do(func() error { return s.fs.SyncDir(s.dirOf(outboxDir)) })
}

func (s *Spool) trimSpills() error {
	s.mu.Lock()
	var dead []uint64
	for n, f := range s.state.files {
		if f.live == 0 {
			dead = append(dead, n)
		}
	}
	s.mu.Unlock()
	slices.Sort(dead)
	for _, n := range dead {
		s.readers.drop(n)
		if err := s.remove(spillDir, n); err != nil {
			return err
		}
		s.mu.Lock()
		s.state.dropFile(n)
		s.mu.Unlock()
	}
	return nil
}

// remove removes a file and makes that durable, before the next one.
func (s *Spool) remove(dir string, number uint64) error {
	if err := s.unlink(dir, number); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dirOf(dir))
}

// unlink removes a file, which may come back until its directory is synced.
func (s *Spool) unlink(dir string, number uint64) error {
	err := s.fs.Remove(s.path(dir, number))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
