package store

import "sync/atomic"

// Known is what has been shown of one ability of a store.
type Known uint8

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

func (l *learned) snapshot() (c Capabilities) {
	for a := range c {
		c[a] = l.of(Ability(a))
	}
	return c
}

// Capabilities is what the store has shown so far.
func (s *Store) Capabilities() Capabilities { return s.learned.snapshot() }

// Conditional is what is known about conditional writes of an object of size
// bytes: it is put in one request or in parts, and the two say nothing about
// each other. Only [Shown] means that a name which is not unique is safe.
func (s *Store) Conditional(size int64) Known {
	if size > s.cfg.MultipartThreshold {
		return s.learned.of(ConditionalComplete)
	}
	return s.learned.of(ConditionalPut)
}
