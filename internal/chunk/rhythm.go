package chunk

import "time"

// rhythm watches when calls arrive, to tell the end of the input (or a source
// that waits for us) from a source that is merely slow. It is guarded by the
// manager's lock.
//
// A gap that passes while records wait, and that an arrival ends, is the
// input's own. One that ends after we have acknowledged everything tells less:
// the source may have waited for that, and then paused. Whether it did is found
// out once for each length of pause, by waiting for as long.
type rhythm struct {
	window  time.Duration // how long a gap is remembered, at least
	most    time.Duration // how long a record waits whatever happens; 0 for ever
	last    time.Time     // latest arrival
	settled time.Time     // latest settlement
	since   time.Time     // start of the current window
	longest [2]time.Duration
	// after is the longest that the input took to go on after our own seal.
	after  [2]time.Duration
	inARow int // stalls without a regular gap between them
	// pause is how long nothing came after everything was settled, while it is
	// not known whether the source waited for that; tested is the longest one of
	// which it is known that it did.
	pause, tested time.Duration
	known         time.Time // since when that is known
}

const (
	// resumption is how soon after a settlement an arrival counts as caused
	// by it.
	resumption = 3 * time.Second
	// lookout is how long a reader that was stopped takes at most to go on. The
	// Kafka readers look once a second whether they may.
	lookout = 1500 * time.Millisecond
	// forgetTested is how long it is known that a source waits for us.
	forgetTested = time.Hour
	// stallsToWarn is how many stalls in a row are called a pattern.
	stallsToWarn = 3
)

// arrival notes a call and reports whether it shows, repeatedly, that the
// input had stopped until we acknowledged. Such a gap is a stall and not the
// input's rhythm, so it is not remembered.
func (r *rhythm) arrival(now time.Time, idle time.Duration) (stalled bool) {
	defer func() { r.last = now }()
	if r.last.IsZero() {
		return false
	}
	gap := now.Sub(r.last)
	if now.Sub(r.since) > r.window {
		r.longest, r.after = [2]time.Duration{1: r.longest[0]}, [2]time.Duration{1: r.after[0]}
		r.since = now
	}
	if !r.settled.After(r.last) {
		r.longest[0] = max(r.longest[0], gap)
		r.pause = 0
		if gap >= idle {
			r.inARow = 0
		}
		return false
	}
	return r.resumed(now, gap, idle)
}

// resumed notes an arrival after everything was settled.
func (r *rhythm) resumed(now time.Time, gap, idle time.Duration) (stalled bool) {
	if held := r.settled.Sub(r.last); r.pause > 0 && held >= r.pause {
		r.tested, r.pause, r.known = max(r.tested, r.pause), 0, now
	} else if now.Sub(r.known) > forgetTested {
		r.tested = 0
	}
	pause := now.Sub(r.settled)
	switch {
	case pause <= lookout:
		r.after[0] = max(r.after[0], pause)
	case pause > r.tested+r.tested/4 && (r.most <= 0 || trial(pause, idle) <= r.most):
		r.pause = max(r.pause, pause)
	}
	if pause >= resumption {
		if gap >= idle {
			r.inARow = 0
		}
		return false
	}
	if idle > 0 && gap >= idle {
		r.inARow++
	}
	return r.inARow >= stallsToWarn
}

// quietAfter returns when the input is considered to have stopped.
func (r *rhythm) quietAfter(idle time.Duration) time.Time {
	wait := max(idle+2*max(r.after[0], r.after[1]), 2*max(r.longest[0], r.longest[1]))
	if r.pause > 0 {
		wait = max(wait, trial(r.pause, idle))
	}
	return r.last.Add(wait)
}

// trial is how long to wait to find out whether a source that pauses waits for
// us: a little longer than the pause and what came before it.
func trial(pause, idle time.Duration) time.Duration { return pause + pause/8 + 2*idle }
