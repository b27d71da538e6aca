package chunk

import "time"

// rhythm watches when calls arrive, to tell the end of the input (or a source
// that waits for us) from a source that is merely slow. It is guarded by the
// manager's lock.
type rhythm struct {
	window  time.Duration // how long a gap is remembered, at least
	last    time.Time     // latest arrival
	settled time.Time     // latest settlement
	since   time.Time     // start of the current window
	longest [2]time.Duration
	// after is the longest that the input took to go on after our own seal.
	after  [2]time.Duration
	inARow int // stalls without a regular gap between them
}

const (
	// resumption is how soon after a settlement an arrival counts as caused
	// by it. The Kafka readers look once a second whether they may go on.
	resumption = 3 * time.Second
	// stallsToWarn is how many stalls in a row are called a pattern.
	stallsToWarn = 3
)

// arrival notes a call and reports whether it shows, repeatedly, that the
// input had stopped until we acknowledged. Such a gap is a stall and not the
// input's rhythm, so it is not remembered.
func (r *rhythm) arrival(now time.Time, idle time.Duration) (stalled bool) {
	defer func() { r.last = now }()
	if r.last.IsZero() {
		r.since = now
		return false
	}
	gap := now.Sub(r.last)
	if now.Sub(r.since) > r.window {
		r.longest[1], r.longest[0] = r.longest[0], 0
		r.after[1], r.after[0] = r.after[0], 0
		r.since = now
	}
	if since := now.Sub(r.settled); r.settled.After(r.last) {
		// What passed before we acknowledged says nothing about the input.
		r.after[0] = max(r.after[0], since)
		if since < resumption {
			if idle > 0 && gap >= idle {
				r.inARow++
			}
			return r.inARow >= stallsToWarn
		}
	} else {
		r.longest[0] = max(r.longest[0], gap)
	}
	if idle > 0 && gap >= idle {
		r.inARow = 0
	}
	return false
}

// quietAfter returns when the input is considered to have stopped.
func (r *rhythm) quietAfter(idle time.Duration) time.Time {
	return r.last.Add(max(idle+2*max(r.after[0], r.after[1]), 2*max(r.longest[0], r.longest[1])))
}
