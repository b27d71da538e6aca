// Package rate tells how fast counters grow, from a few of their earlier values.
package rate

import "time"

const (
	// step lies between two values that are kept at least, and kept is how many of
	// them there are.
	step = time.Second
	kept = 64
	// Longest is the longest window that a meter knows.
	Longest = (kept - 4) * step
)

// Meter knows what two counters were in the last minute. Its zero value is ready. It
// is no safer for concurrent use than the counters are.
type Meter struct {
	began   time.Time
	earlier [kept]counts
	next    int
}

// counts are the counters before what happened at a time.
type counts struct {
	at             time.Time
	records, bytes int64
}

// Note keeps the counters as they were before what happens now, once a second.
func (m *Meter) Note(now time.Time, records, bytes int64) {
	if m.began.IsZero() {
		m.began = now
	}
	last := &m.earlier[(m.next+kept-1)%kept]
	if now.Sub(last.at) < step {
		return
	}
	m.earlier[m.next] = counts{now, records, bytes}
	m.next = (m.next + 1) % kept
}

// Per is how much the counters have grown a second, over a window that ends now and
// is no longer than [Longest]. A meter that is younger than the window tells what it
// has seen.
func (m *Meter) Per(now time.Time, window time.Duration, records, bytes int64) (recordsPerSecond, bytesPerSecond float64) {
	first := counts{records: records, bytes: bytes}
	for _, c := range m.earlier {
		if !c.at.IsZero() && now.Sub(c.at) <= window && (first.at.IsZero() || c.at.Before(first.at)) {
			first = c
		}
	}
	over := max(min(window, now.Sub(m.began)), step).Seconds()
	return float64(records-first.records) / over, float64(bytes-first.bytes) / over
}
