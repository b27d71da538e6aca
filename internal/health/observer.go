package health

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// State is what is known about the destination.
type State uint8

// The states. The breaker is open in [Unhealthy] only.
const (
	// Unchecked: no probe has ended yet.
	Unchecked State = iota
	// Healthy: the destination accepts data.
	Healthy
	// Unhealthy: it does not.
	Unhealthy
)

// String is the state in lower case.
func (s State) String() string {
	return [...]string{Unchecked: "unchecked", Healthy: "healthy", Unhealthy: "unhealthy"}[s]
}

// Change is one change of state, worth one line in the log.
type Change struct {
	// From and To are the states.
	From, To State
	// Lasted is how long From lasted; zero for the first change.
	Lasted time.Duration
	// Err is why the destination is unhealthy; nil otherwise.
	Err error
	// Class is the class of Err; empty without.
	Class store.Class
}

// Observer learns what a [Monitor] does. Its methods are called one at a time,
// with a lock held: they must not block or call back.
type Observer interface {
	// Probed reports every probe that came to a verdict.
	Probed(v Verdict)
	// Changed reports a change of state.
	Changed(c Change)
	// LeftBehind reports the first of a series of probes whose object could
	// not be deleted: it stays under key until the next one overwrites it.
	LeftBehind(key string, err error)
}

type nobody struct{}

func (nobody) Probed(Verdict)           {}
func (nobody) Changed(Change)           {}
func (nobody) LeftBehind(string, error) {}

// Status is the state of a [Monitor] at one moment.
type Status struct {
	// State is what is known, since when.
	State State
	Since time.Time
	// LastSuccess is the end of the last probe that succeeded; zero if none.
	LastSuccess time.Time
	// Latency is that of the last probe.
	Latency time.Duration
	// Err is why the destination is unhealthy; nil otherwise. Class is its
	// class.
	Err   error
	Class store.Class
	// Leftover is why the object of the last successful probe stays in the
	// bucket; nil if it was deleted. CleanupFailures counts such probes.
	Leftover        error
	CleanupFailures int
}
