package spool

import (
	"context"
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

// lose gives up an object whose file is damaged: it moves aside, and its records
// are named.
func (s *Spool) lose(ctx context.Context, o *object, why error) error {
	path := s.path(outboxDir, o.number)
	s.mu.Lock()
	lost := s.lostObject(o, "their encoded object is damaged, and whether it was stored before is not known: "+aside)
	s.mu.Unlock()
	if err := s.commit(ctx, o.landed()); err != nil {
		return err
	}
	s.opts.Lost(lost)
	_ = s.fs.Rename(path, filepath.Join(s.dirOf(badDir), filepath.Base(path)))
	s.trim()
	return fmt.Errorf("an object of %s in the outbox is %w: %w", lost.Path, why, ErrUnknown)
}

// lostObject is the loss of an object.
func (s *Spool) lostObject(o *object, reason string) Loss {
	l := Loss{First: o.first, End: o.end, File: s.path(outboxDir, o.number), Landed: true, Reason: reason}
	if t := s.state.streams[o.stream]; t != nil {
		l.Kind, l.Path = t.kind, t.path
	}
	return l
}
