package chunk

import "time"

// Observer is told what a Manager does. Its methods are called from several
// goroutines, some of them with locks held: they must not block or call back.
type Observer interface {
	// Landed reports a durable object, how long its oldest record waited, and
	// whether it exceeds the size cap because one record alone does.
	Landed(o Object, waited time.Duration, oversized bool)
	// Refused reports a record that cannot be stored and what became of it.
	Refused(policy BadRecordPolicy, reason error)
	// Failed reports records whose object could not be stored.
	Failed(records int, reason error)
	// Waited reports a call that has to wait for memory.
	Waited()
	// Saturated reports that everything was rolled because every slot for
	// calls was taken.
	Saturated()
	// Stalled reports that the input repeatedly stopped until records were
	// acknowledged.
	Stalled()
	// Observe gives the current state, at least once a second while records
	// wait.
	Observe(s Stats)
}

// Stats is the state of a Manager at one moment.
type Stats struct {
	// OpenPartitions is the number of open chunks.
	OpenPartitions int
	// Uploading is the number of chunks being encoded, uploaded or queued.
	Uploading int
	// Calls is the number of calls that wait, and GatedBytes what those hold
	// that wait for memory.
	Calls      int
	GatedBytes int64
	// HeldBytes is the memory counted against the limit.
	HeldBytes int64
}

func (m *Manager) stats() Stats {
	return Stats{
		OpenPartitions: len(m.byAge),
		Uploading:      len(m.queue) + len(m.busy),
		Calls:          m.calls,
		GatedBytes:     m.gate.bytes,
		HeldBytes:      m.held + m.projected() + m.out,
	}
}

type silent struct{}

func (silent) Landed(Object, time.Duration, bool) {}
func (silent) Refused(BadRecordPolicy, error)     {}
func (silent) Failed(int, error)                  {}
func (silent) Waited()                            {}
func (silent) Saturated()                         {}
func (silent) Stalled()                           {}
func (silent) Observe(Stats)                      {}
