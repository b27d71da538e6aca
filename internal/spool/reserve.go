package spool

import (
	"sync"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// reserve is a file whose space is given back when the disk is full, so that
// objects can still be sealed and landed, which frees more. Until it is whole
// again no records are taken in.
type reserve struct {
	fs   disk.FS
	path string
	size int64

	mu   sync.Mutex
	held bool
}

func (r *reserve) whole() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held || r.size == 0
}

// release gives the space back.
func (r *reserve) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held {
		r.held = false
		_ = r.fs.Remove(r.path) // it is written anew when it is held again
	}
}

// hold takes the space, unless it is held.
func (r *reserve) hold() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held || r.size == 0 {
		return nil
	}
	f, err := r.fs.Create(r.path)
	if err != nil {
		return err
	}
	if err = f.Allocate(r.size); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = r.fs.Remove(r.path) // half a reserve is in the way of others
		return err
	}
	r.held = true
	return nil
}

// Hold takes the reserve again after a full disk, if there is room for it. Calls
// that wait do so by themselves.
func (s *Spool) Hold() {
	if err := s.reserve.hold(); err == nil {
		s.wake()
	}
}
