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
	s.trims.Lock()
	defer s.trims.Unlock()
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

func (s *Spool) trimOutbox() error {
	s.mu.Lock()
	landed := slices.Sorted(maps.Keys(s.state.landed))
	s.mu.Unlock()
	for _, n := range landed {
		if err := s.remove(outboxDir, n); err != nil {
			return err
		}
		s.mu.Lock()
		s.outbox -= s.state.landed[n].size
		delete(s.state.landed, n)
		s.mu.Unlock()
	}
	return nil
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
	err := s.fs.Remove(s.path(dir, number))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.fs.SyncDir(s.dirOf(dir))
}
