package store

import (
	"errors"
	"sync/atomic"
)

// Known is what has been shown of one ability of a store.
type Known uint8

// What may be known.
const (
	// Unknown: nothing has been shown yet. Whoever depends on the ability takes
	// the way that is safe without it.
	Unknown Known = iota
	// Shown: the store has done it.
	Shown
	// Refuted: the store has refused it, or has answered as if it were not
	// there.
	Refuted
)

// String is the word for logs and reports.
func (k Known) String() string {
	return [...]string{Unknown: "unknown", Shown: "shown", Refuted: "refuted"}[k]
}

// Ability is one thing that a store, or our rights in it, may lack.
type Ability uint8

// The abilities.
const (
	// ConditionalPut: If-None-Match on PutObject refuses a taken key.
	ConditionalPut Ability = iota
	// ConditionalComplete: the same on CompleteMultipartUpload. It says nothing
	// about PutObject, nor the other way round: Ceph radosgw honours the first
	// and ignores the second.
	ConditionalComplete
	// List: ListObjectsV2 under our prefix.
	List
	// Head: HeadObject on our objects.
	Head
	// Delete: DeleteObject under our prefix.
	Delete
	// Abort: AbortMultipartUpload.
	Abort
	// ChecksumEcho: answers repeat the checksum that was sent.
	ChecksumEcho
	// EncryptionEcho: answers tell the encryption of the object.
	EncryptionEcho
	abilities
)

// Conditions says what to believe of conditional writes (If-None-Match).
type Conditions uint8

const (
	// ProveConditions believes what the store has shown, and nothing before.
	ProveConditions Conditions = iota
	// AssumeConditions takes them for shown from the start, because the user
	// says that the store honours them.
	AssumeConditions
	// NeverConditions writes without, whatever is asked of Put.
	NeverConditions
)

// Capabilities is what is known of each ability at one moment. The zero value
// knows nothing.
type Capabilities [abilities]Known

// learned holds the capabilities of a running store; it is safe for concurrent
// use.
type learned [abilities]atomic.Uint32

// learn notes what an answer has shown. Rights come and go, so the latest
// evidence counts.
func (l *learned) learn(a Ability, k Known) { l[a].Store(uint32(k)) }

func (l *learned) of(a Ability) Known { return Known(l[a].Load()) }

// from is the one place where an answer teaches something: v is the verdict on
// it, without a class for a success.
func (l *learned) from(r request, v verdict) {
	if a, ok := rights[r.op]; ok {
		switch {
		case v.class == "", errors.Is(v.is, errStaleUpload), errors.Is(v.is, ErrNotFound):
			// Rights are looked at before S3 says that there is nothing.
			l.learn(a, Shown)
		case v.class == ClassDenied:
			l.learn(a, Refuted)
		}
	}
	a, ok := conditions[r.op]
	switch {
	case !ok || !r.conditional:
	case v.class == ClassExists && v.proof:
		l.learn(a, Shown)
	case errors.Is(v.is, ErrNotImplemented):
		l.learn(a, Refuted)
	}
}

// rights are the operations that only a right is needed for, conditions those
// that may be conditional.
var (
	rights = map[Op]Ability{
		OpListObjects: List, OpHeadObject: Head, OpDeleteObject: Delete, OpAbortMultipartUpload: Abort,
	}
	conditions = map[Op]Ability{
		OpPutObject: ConditionalPut, OpCompleteMultipartUpload: ConditionalComplete,
	}
)

func (l *learned) snapshot() (c Capabilities) {
	for a := range c {
		c[a] = l.of(Ability(a))
	}
	return c
}

// Learn tells the store what somebody else has found out about it: the prober,
// whose proof takes several requests. What single answers show, the store
// learns by itself.
func (s *Store) Learn(a Ability, k Known) { s.learned.learn(a, k) }

// believe begins with what the configuration says.
func (s *Store) believe(c Conditions) {
	known := map[Conditions]Known{AssumeConditions: Shown, NeverConditions: Refuted}[c]
	s.learned.learn(ConditionalPut, known)
	s.learned.learn(ConditionalComplete, known)
}

// Capabilities is what the store has shown so far.
func (s *Store) Capabilities() Capabilities { return s.learned.snapshot() }

// InParts reports whether an object of size bytes would be uploaded in parts, as
// far as is known now.
func (s *Store) InParts(size int64) bool { return s.plan(size, false).parts }

// Conditional is what is known about conditional writes of an object of size
// bytes: it is put in one request or in parts, and the two say nothing about
// each other. Only [Shown] means that a name which is not unique is safe.
func (s *Store) Conditional(size int64) Known {
	if s.InParts(size) {
		return s.learned.of(ConditionalComplete)
	}
	return s.learned.of(ConditionalPut)
}
