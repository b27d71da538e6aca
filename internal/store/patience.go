package store

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// silenceGrowth and mostSilence bound how the wait for an answer grows from
	// attempt to attempt of one call, once everything has been sent: a store
	// that is only slow must be able to answer at all.
	silenceGrowth, mostSilence = 2, 4
	// lateGrowth and mostLate do the same from call to call, when a store turns
	// out to have carried out what it did not answer: the wait becomes 6 and 36
	// times request_timeout, so that a third key is never needed.
	lateGrowth, mostLate = 6, 64
	// lateMemory is how long that is remembered.
	lateMemory = time.Hour
)

// patience is how much longer than request_timeout a store is given to answer
// when it has everything it needs. It grows when there is evidence that the
// store carries out requests that it answers too late: giving up then leaves a
// copy behind each time. It is safe for concurrent use.
type patience struct {
	mu     sync.Mutex
	factor int
	since  time.Time
}

// now is the factor that applies to the next request.
func (p *patience) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.factor == 0 || time.Since(p.since) > lateMemory {
		return 1
	}
	return p.factor
}

// late notes that the answer came later than waited times request_timeout.
func (p *patience) late(waited int) {
	current := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.factor, p.since = min(max(current, waited*lateGrowth), mostLate), time.Now()
}

// clock ends an attempt that makes no progress: no byte has left for quiet, or
// no answer has come for answer since the last one.
type clock struct {
	timer         *time.Timer
	quiet, answer time.Duration
	// sent: nothing is left to send.
	sent atomic.Bool
}

// start begins to count for a request with a body of size bytes.
func (c *clock) start(size int64, end func()) {
	c.sent.Store(size == 0)
	c.timer = time.AfterFunc(c.limit(), end)
}

func (c *clock) limit() time.Duration {
	if c.sent.Load() {
		return c.answer
	}
	return c.quiet
}

// watched reports each read of a body as a sign of life. A body is read more
// than once when the SDK hashes it first.
type watched struct {
	io.ReadSeeker

	clock *clock
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadSeeker.Read(p)
	w.noticed()
	return n, err //nolint:wrapcheck // a transparent reader
}

// noticed notes a sign of life.
func (w *watched) noticed() {
	w.clock.sent.Store(w.Len() == 0)
	w.clock.timer.Reset(w.clock.limit())
}

// WriteTo implements io.WriterTo for the SDK, which hashes a body that it signs: the
// bytes need not be copied for that.
func (w *watched) WriteTo(to io.Writer) (int64, error) {
	from, is := w.ReadSeeker.(io.WriterTo)
	if !is {
		return io.Copy(to, struct{ io.Reader }{w})
	}
	n, err := from.WriteTo(&noticing{to, w})
	w.noticed()   // only now it has come to the end
	return n, err //nolint:wrapcheck // a transparent reader
}

// noticing reports each write that came to its end.
type noticing struct {
	io.Writer

	of *watched
}

func (n *noticing) Write(p []byte) (int, error) {
	written, err := n.Writer.Write(p)
	n.of.noticed()
	return written, err //nolint:wrapcheck // a transparent writer
}

// Len keeps the length visible to the SDK.
func (w *watched) Len() int {
	if l, ok := w.ReadSeeker.(interface{ Len() int }); ok {
		return l.Len()
	}
	return 0
}
