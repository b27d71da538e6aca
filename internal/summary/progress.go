package summary

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// Goal is how much there is to store; 0 where that is not known.
type Goal struct {
	Records int64
	Bytes   int64 // of records, with the ends of their lines
}

// measuring says that the bytes of records are counted, which takes a moment for each.
var measuring atomic.Bool

// Show writes a line about what is under way to a terminal, again and again until done
// is closed; then it removes the line.
func Show(to io.Writer, goal Goal, done <-chan struct{}) {
	measuring.Store(goal.Bytes > 0)
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case <-done:
			_, _ = io.WriteString(to, clearLine)
			return
		case now := <-tick.C:
			// The cursor goes back, so that a line of the log takes this one's place.
			_, _ = io.WriteString(to, clearLine+underWay().line(now.Sub(began), goal)+"\r")
		}
	}
}

const (
	showEvery = 500 * time.Millisecond
	clearLine = "\r\x1b[K"
)

// Observe takes note of what is under way.
func (t *Tally) Observe(s chunk.Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state = s
}

// way is what the outputs of this process have done, and what they are doing.
type way struct {
	counts
	open, uploading int
	waiting         int64 // bytes
}

// underWay is that of now.
func underWay() *way {
	w := &way{}
	tallies.Lock()
	defer tallies.Unlock()
	for _, t := range tallies.all {
		t.mu.Lock()
		w.add(&t.counts)
		w.open += t.state.OpenPartitions
		w.uploading += t.state.Uploading
		w.waiting += t.state.HeldBytes
		t.mu.Unlock()
	}
	return w
}

// line is what a terminal shows.
func (w *way) line(took time.Duration, goal Goal) string {
	seconds := max(took.Seconds(), 0.001)
	line := fmt.Sprintf("%s stored, %s/s, %s/s; %d open, %d uploading, %s waiting", several(w.records, "record"),
		humanize.Comma(int64(float64(w.records)/seconds)), humanize.IBytes(uint64(float64(w.bytes)/seconds)),
		w.open, w.uploading, humanize.IBytes(uint64(w.waiting)))
	part := 0.0
	switch settled := w.records + w.letters + w.dropped; {
	case goal.Records > 0:
		part = float64(settled) / float64(goal.Records)
	case goal.Bytes > 0:
		part = float64(w.raw) / float64(goal.Bytes)
	}
	if part <= 0 {
		return line
	}
	part = min(part, 1)
	left := time.Duration(float64(took) * (1 - part) / part)
	return fmt.Sprintf("%s; %.0f %%, %s left", line, 100*part, left.Round(time.Second))
}
