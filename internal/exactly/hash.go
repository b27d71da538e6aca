package exactly

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/gofrs/uuid/v5"
)

// All hashes of this file are part of what is committed, or of keys that are made
// from it: they are the same in every version of the program.

// Target is an output partition: everything by which records are told apart that
// must not be in one object.
type Target uint64

// TargetOf hashes what an output partition consists of.
func TargetOf(parts ...string) Target {
	h := sha256.New()
	var length [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return Target(binary.LittleEndian.Uint64(h.Sum(nil)))
}

// Letters is the target of the dead letters that an object's refused records
// become.
func (t Target) Letters() Target { return Target(mix(uint64(t) ^ letters)) }

// letters is any number: a target that was hashed is not changed by it to another.
const letters = 0x6465616420313030

// PrintOf tells apart topics of the same name by their ids.
func PrintOf(topicID [16]byte) uint32 {
	if topicID == [16]byte{} {
		return 0
	}
	return max(crc32.Checksum(topicID[:], castagnoli), 1)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Digest says whether two sets of records are the same, with the targets that
// they have. Records can be added in any order.
type Digest uint64

// Salt is the part of a digest that all records of a source share.
type Salt uint64

// SaltOf hashes a source.
func SaltOf(s Source) Salt {
	var id [4]byte
	binary.LittleEndian.PutUint32(id[:], uint32(s.ID))
	return Salt(TargetOf(s.Topic, string(id[:])))
}

// Add adds a record.
func (d *Digest) Add(s Salt, offset int64, t Target) {
	*d += Digest(mix(mix(uint64(s)+uint64(offset)) ^ uint64(t)))
}

// mix is the finalizer of SplitMix64: https://doi.org/10.1145/2714064.2660195.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// EpochID is unique for ever: keys are made from it.
type EpochID [12]byte

// UUID is that of an object: of version 7, so that names sort by the clock of
// their epoch. Whoever forms the object again gets the same one.
func (e *Epoch) UUID(t Target, j int) uuid.UUID {
	var b [28]byte
	copy(b[:], e.ID[:])
	binary.LittleEndian.PutUint64(b[12:], uint64(t))
	binary.LittleEndian.PutUint64(b[20:], uint64(j))
	sum := sha256.Sum256(b[:])
	u := uuid.UUID(sum[:16])
	ms := e.Clock.UnixMilli()
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u.SetVersion(uuid.V7)
	u.SetVariant(uuid.VariantRFC9562)
	return u
}

// ClockOf is a time as an epoch holds it.
func ClockOf(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
