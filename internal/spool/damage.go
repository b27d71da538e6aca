package spool

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// aside says where what is damaged is kept.
const aside = "what is there is kept in the directory " + badDir

// keepAside copies a part of a file to the directory for what is damaged, as far
// as that is possible.
func (s *Spool) keepAside(path string, from, length int64) {
	r, err := s.fs.Open(path)
	if err != nil {
		return
	}
	data := make([]byte, min(length, max(r.Size()-from, 0)))
	n, _ := r.ReadAt(data, from)
	_ = r.Close()
	s.keepBytes(path, from, data[:n])
}

func (s *Spool) keepBytes(path string, from int64, data []byte) {
	if len(data) == 0 {
		return
	}
	name := fmt.Sprintf("%s.%d", filepath.Base(path), from)
	_ = disk.WriteFile(s.fs, filepath.Join(s.dirOf(badDir), name), data)
}

// moveAside moves a file to that directory for good, as far as that is possible.
func (s *Spool) moveAside(path string) {
	if s.fs.Rename(path, filepath.Join(s.dirOf(badDir), filepath.Base(path))) == nil {
		_ = s.fs.SyncDir(s.dirOf(badDir))
	}
}

// lose gives up an object whose file is damaged: its records are named, and it moves
// aside. That it is given up is noted last, and whatever ends now: the next start
// takes such an object for one that was stored, and says nothing of it. Before that
// it finds the file damaged again, or missing.
func (s *Spool) lose(ctx context.Context, o *object, why error) error {
	ctx = context.WithoutCancel(ctx)
	s.mu.Lock()
	lost := s.lostObject(o, "their encoded object is damaged, and whether it was stored before is not known: "+aside)
	s.mu.Unlock()
	s.opts.Lost(lost)
	s.moveAside(lost.File)
	s.forget(ctx)
	if err := s.commit(ctx, o.landed()); err != nil {
		return err
	}
	s.trim()
	return fmt.Errorf("an object of %s in the outbox is %w: %w", lost.Path, why, ErrUnknown)
}

// forget lets no record be taken for one that came before, because some of these are
// lost, and nobody knows which marks were theirs: rather is a record stored twice.
func (s *Spool) forget(ctx context.Context) {
	if s.recall != nil { // else it is being opened
		s.recall.Forget()
	}
	if err := s.commit(ctx, about(entryForgotten, 0)); err != nil && !errors.Is(err, ErrClosed) {
		s.failed(fmt.Errorf("noting in %s that records are lost: %w", s.dir, err))
	}
}

// lostObject is the loss of an object.
func (s *Spool) lostObject(o *object, reason string) Loss {
	l := Loss{First: o.first, End: o.end, File: s.path(outboxDir, o.number), Landed: true, Reason: reason}
	if t := s.state.streams[o.stream]; t != nil {
		l.Kind, l.Path = t.kind, t.path
	}
	return l
}
