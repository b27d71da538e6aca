package spool

import (
	"errors"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// reserve is a file whose space is given back when the disk is full, so that
// objects can still be sealed and landed, which frees more. Until it is whole
// again no records are taken in.
type reserve struct {
	fs   disk.FS
	path string
	size int64
	// leaves is how long the space is left to an object. That is tried again all the
	// time, unless its records are gone, or had better wait for others.
	leaves time.Duration

	mu   sync.Mutex
	held bool
	// wanted is when an object could not be written for want of space, zero when
	// something was sealed since then. To take the space would be to take it from that.
	wanted time.Time
}

const forObject = time.Minute

// errWanted says that the space of the reserve is for an object.
var errWanted = errors.New("the space is for an object that could not be written")

func (r *reserve) whole() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held || r.size == 0
}

// leave gives the space to an object.
func (r *reserve) leave() {
	r.mu.Lock()
	r.wanted = time.Now()
	r.mu.Unlock()
	r.release()
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

// used notes that something was sealed.
func (r *reserve) used() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = time.Time{}
}

// hold takes the space, unless it is held. It returns errWanted where that has to wait.
func (r *reserve) hold() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held || r.size == 0 {
		return nil
	}
	if !r.wanted.IsZero() && time.Since(r.wanted) < r.leaves {
		return errWanted
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
