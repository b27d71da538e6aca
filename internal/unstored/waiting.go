package unstored

import (
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/rate"
)

// waiting are the batches that are not acknowledged, wherever they wait: at the
// door while the destination is down, for memory, in an open chunk, or on their
// way to the store. It reports how long the oldest has waited, and is safe for
// concurrent use.
type waiting struct {
	report func(oldest time.Duration)

	mu          sync.Mutex
	first, last *Call
	timer       *time.Timer // runs while something waits
	closed      bool
	arrived     int64 // records
	pace        rate.Meter
}

// Call is one of them: an element of the list, in order of arrival.
type Call struct {
	since      time.Time
	records    int
	prev, next *Call
}

// reportEvery is how often the age is reported while batches wait.
const reportEvery = time.Second

// enter adds a batch of that many records; leave must be called with what it
// returns.
func (l *waiting) enter(records int) *Call {
	c := &Call{since: time.Now(), records: records}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.Note(c.since, l.arrived, 0)
	l.arrived += int64(records)
	if c.prev = l.last; c.prev != nil {
		c.prev.next = c
	} else {
		l.first = c
	}
	l.last = c
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(reportEvery, l.tick)
	}
	return c
}

func (l *waiting) leave(c *Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
}

// count counts the batches that wait now.
func (l *waiting) count() tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	var t tally
	for c := l.first; c != nil; c = c.next {
		t.add(tally{batches: 1, records: c.records, since: c.since})
	}
	return t
}

// Flow is what an output is given.
type Flow struct {
	// Records is how many have arrived, with those that came again, and PerSecond how
	// many did so of late.
	Records   int64
	PerSecond float64
	// Batches wait, the oldest since Oldest; zero without any.
	Batches int
	Oldest  time.Time
}

// flow is that of a moment, with the rate over a window.
func (l *waiting) flow(now time.Time, window time.Duration) Flow {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := Flow{Records: l.arrived}
	f.PerSecond, _ = l.pace.Per(now, window, l.arrived, 0)
	for c := l.first; c != nil; c = c.next {
		f.Batches++
	}
	if l.first != nil {
		f.Oldest = l.first.since
	}
	return f
}

// tick reports, and goes on as long as something waits.
func (l *waiting) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := time.Duration(0)
	switch {
	case l.closed:
		return
	case l.first != nil:
		oldest = time.Since(l.first.since)
		l.timer.Reset(reportEvery)
	default:
		l.timer = nil
	}
	l.report(oldest)
}

// close ends the reports.
func (l *waiting) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.report(0)
}
