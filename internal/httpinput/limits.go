package httpinput

import (
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

// defaultBuffered bounds what waits in a process without an output of ours.
const defaultBuffered = 256 << 20

// limits bound the requests that wait. They are safe for concurrent use.
type limits struct {
	stream   string
	requests int64 // at most
	buffered int64 // bytes at most; zero for what the outputs may hold

	share   atomic.Int64 // what that was the last time
	slots   atomic.Int64 // batches that may be under way
	waiting atomic.Int64 // requests
	held    atomic.Int64 // bytes
}

// learn asks what the outputs may hold, and how many batches they can be given.
func (l *limits) learn() {
	share := l.buffered
	if share == 0 {
		share = inflight.Share(l.stream)
	}
	if share == 0 {
		share = defaultBuffered
	}
	l.share.Store(share)
	l.slots.Store(int64(inflight.Slots(l.stream)))
}

// enter counts a request, unless there are too many.
func (l *limits) enter() bool {
	now := l.waiting.Add(1)
	if now >= l.requests {
		inflight.Relieve(l.stream) // nothing more comes before something is stored
	}
	if now > l.requests {
		l.waiting.Add(-1)
		return false
	}
	return true
}

func (l *limits) leave() { l.waiting.Add(-1) }

// reserve counts n bytes of a request that has own already, unless there are too many.
// A request that is alone may be as large as it likes.
func (l *limits) reserve(n, own int64) bool {
	if now := l.held.Add(n); now > l.share.Load() && now > own+n {
		l.held.Add(-n)
		inflight.Relieve(l.stream) // nothing more comes before something is stored
		return false
	}
	return true
}

func (l *limits) free(n int64) { l.held.Add(-n) }
