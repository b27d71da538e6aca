package output

import (
	"sync"
	"time"
)

// backlog knows how long the oldest batch has waited that is not acknowledged,
// wherever it waits: at the door while the destination is down, for memory, in
// an open chunk, or on its way to the store. It is safe for concurrent use.
type backlog struct {
	report func(oldest time.Duration)

	mu          sync.Mutex
	first, last *waitingBatch
	timer       *time.Timer // runs while something waits
	closed      bool
}

// waitingBatch is an element of the list, in order of arrival.
type waitingBatch struct {
	since      time.Time
	records    int
	prev, next *waitingBatch
}

// reportEvery is how often the age is reported while batches wait.
const reportEvery = time.Second

// enter adds a batch of that many records; leave must be called with what it
// returns.
func (b *backlog) enter(records int) *waitingBatch {
	w := &waitingBatch{since: time.Now(), records: records}
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.prev = b.last; w.prev != nil {
		w.prev.next = w
	} else {
		b.first = w
	}
	b.last = w
	if b.timer == nil && !b.closed {
		b.timer = time.AfterFunc(reportEvery, b.tick)
	}
	return w
}

func (b *backlog) leave(w *waitingBatch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		b.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		b.last = w.prev
	}
}

// waiting counts the batches that wait now.
func (b *backlog) waiting() tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	var t tally
	for w := b.first; w != nil; w = w.next {
		t.add(tally{batches: 1, records: w.records, since: w.since})
	}
	return t
}

// tick reports, and goes on as long as something waits.
func (b *backlog) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	oldest := time.Duration(0)
	switch {
	case b.closed:
		return
	case b.first != nil:
		oldest = time.Since(b.first.since)
		b.timer.Reset(reportEvery)
	default:
		b.timer = nil
	}
	b.report(oldest)
}

// close ends the reports.
func (b *backlog) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.report(0)
}
