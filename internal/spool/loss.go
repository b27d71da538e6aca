package spool

import "fmt"

// Loss is records that cannot be read any more: named damage.
type Loss struct {
	// Kind and Path are the partition, if it is known.
	Kind Kind
	Path string
	// First and End are the numbers of the records in their stream, from First up
	// to but without End. Both are 0 where it is not known which they were.
	First, End uint64
	// File is where they were, if that is known.
	File string
	// Reason says what is wrong, in words.
	Reason string
	// Unacknowledged: nothing says that these records were ever acknowledged. A
	// crash leaves such behind; damage to what was written last looks the same.
	Unacknowledged bool
	// Landed: the object that held them may have been stored.
	Landed bool
}

// String is the loss as one line.
func (l Loss) String() string {
	what := "records"
	if l.End > l.First {
		what = fmt.Sprintf("records %d to %d", l.First, l.End-1)
	}
	if l.Path != "" {
		what += " of " + l.Path
	}
	if l.File != "" {
		what += " in " + l.File
	}
	return what + ": " + l.Reason
}

// OnDamage says what happens when something in the spool cannot be read.
type OnDamage uint8

const (
	// Quarantine goes on without what is damaged, and keeps it aside.
	Quarantine OnDamage = iota
	// Stop refuses to open the spool.
	Stop
)
