package chunk

import "time"

// Observer is told what a Manager does. Its methods are called from several
// goroutines, on the way of records: they should not take long.
type Observer interface {
	// Landed reports a durable object, how long its oldest record waited, and
	// whether it exceeds the size cap because one record alone does.
	Landed(o Object, waited time.Duration, oversized bool)
	// Refused reports a record that cannot be stored and what became of it.
	Refused(policy BadRecordPolicy, reason error)
	// Panicked reports a panic of an encoder, which is treated as an error.
	Panicked(value any, stack []byte)
	// Failed reports records whose object could not be stored.
	Failed(records int, reason error)
	// ObjectRefused reports an object that is refused although the destination
	// is well. Its records wait.
	ObjectRefused(reason error)
	// Parked reports a partition whose objects are refused. It concerns no other
	// partition: the process as a whole is ready, and Benthos could only say
	// otherwise by connecting again and holding up everybody.
	Parked(kind Kind, path string, reason error)
	// Recovered reports that the objects of such a partition are accepted again,
	// or that no records have come for it any more.
	Recovered(kind Kind, path string, lasted time.Duration)
	// Diverted reports records of refused objects that became dead letters.
	Diverted(records int, reason error)
	// GivenBack reports records of refused objects that were reported as not
	// stored, because no more of them may wait.
	GivenBack(records int, reason error)
	// Waited reports a call that has to wait for memory.
	Waited()
	// Saturated reports that everything was rolled because every slot for
	// calls was taken.
	Saturated()
	// Inexact reports records that may be stored twice although they were to be
	// stored exactly once, and why.
	Inexact(reason InexactReason, records int)
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
	// UploadLimit is how many may be uploaded at once at present.
	UploadLimit int
	// Calls is the number of calls that are present, and Oldest when the first
	// of them arrived.
	Calls  int
	Oldest time.Time
	// GatedCalls is the number of calls that wait for memory, and GatedBytes
	// what they hold.
	GatedCalls int
	GatedBytes int64
	// HeldBytes is the memory counted against the limit.
	HeldBytes int64
	// Parked is the number of partitions whose objects are refused, and
	// ParkedBytes what the calls hold that wait for them.
	Parked      int
	ParkedBytes int64
}

func (m *Manager) stats() Stats {
	l := &m.ledger
	s := Stats{
		OpenPartitions: len(l.byAge),
		Uploading:      l.underway(),
		UploadLimit:    m.pace.limit,
		Calls:          l.book.present(),
		GatedCalls:     l.book.stages[asking].calls,
		GatedBytes:     l.book.stages[asking].charge,
		HeldBytes:      m.counted(),
		Parked:         len(l.parked),
		ParkedBytes:    l.parkedCalls.charge,
	}
	if first := l.book.all.first; first != nil {
		s.Oldest = first.arrived
	}
	return s
}

// silent is an Observer that ignores everything.
type silent struct{}

func (silent) Landed(Object, time.Duration, bool)    {}
func (silent) Refused(BadRecordPolicy, error)        {}
func (silent) Panicked(any, []byte)                  {}
func (silent) Failed(int, error)                     {}
func (silent) ObjectRefused(error)                   {}
func (silent) Parked(Kind, string, error)            {}
func (silent) Recovered(Kind, string, time.Duration) {}
func (silent) Diverted(int, error)                   {}
func (silent) GivenBack(int, error)                  {}
func (silent) Waited()                               {}
func (silent) Saturated()                            {}
func (silent) Stalled()                              {}
func (silent) Inexact(InexactReason, int)            {}
func (silent) Observe(Stats)                         {}
