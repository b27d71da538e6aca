package telemetry

import (
	"sync"
	"time"
)

// warning is due at most once in its interval. The zero value is ready.
type warning struct {
	mu   sync.Mutex
	last time.Time
}

const warnEvery = 10 * time.Minute

func (w *warning) due() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); w.last.IsZero() || now.Sub(w.last) >= warnEvery {
		w.last = now
		return true
	}
	return false
}

// allowance is a number of lines in an interval. The zero value is ready.
type allowance struct {
	mu    sync.Mutex
	since time.Time
	taken int
}

const linesInAWhile = 20

func (a *allowance) take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := time.Now(); now.Sub(a.since) >= warnEvery {
		a.since, a.taken = now, 0
	}
	a.taken++
	return a.taken <= linesInAWhile
}
