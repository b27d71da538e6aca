package chunk

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Kind tells what a chunk holds, and so how it is encoded and where it lands.
type Kind uint8

const (
	// Data chunks hold records in the configured file format.
	Data Kind = iota
	// DeadLetter chunks hold JSON lines that describe refused records.
	DeadLetter
	kinds
)

// String names the kind in logs.
func (k Kind) String() string {
	if k == DeadLetter {
		return "dead_letter"
	}
	return "data"
}

// Reason says why a chunk was rolled.
type Reason string

// The reasons for which a chunk is rolled into an object.
const (
	Size       Reason = "size"
	Records    Reason = "records"
	Age        Reason = "age"
	Idle       Reason = "idle"
	Saturation Reason = "saturation"
	Memory     Reason = "memory"
	Partitions Reason = "partitions"
	Schema     Reason = "schema"
	Drain      Reason = "drain"
	Disk       Reason = "disk"
	Recovery   Reason = "recovery"
)

// Reasons are all of them.
var Reasons = []Reason{Size, Records, Age, Idle, Saturation, Memory, Partitions, Schema, Drain, Recovery, Disk}

// Announced is what the key of an object follows from, beside path and clock.
type Announced struct {
	// UUID fills {{uuid}}, or makes a name unique that has none.
	UUID string
	// Number fills {{chunk_id}}.
	Number int
}

// Object describes one encoded object on its way to the store.
type Object struct {
	// ID is the identity of the chunk, chosen when it was opened and unique
	// for ever.
	ID string
	// Kind and Path name the partition.
	Kind Kind
	Path string
	// Key is where the object landed; empty before.
	Key string
	// Opened is when the chunk was opened, the clock of its name.
	Opened time.Time
	// Announced is set where the key follows from what is committed: whoever
	// forms the object again gives it the same one.
	Announced *Announced
	// Reason is why the chunk was rolled.
	Reason Reason
	// Records are those the object holds, in order; of dead letters the records
	// that they describe.
	Records []record.Record
	// Rows is how many these are, also where they are not at hand any more.
	Rows int
	// Encoded is what the Pipeline's Encode returned.
	Encoded Encoded
	// Bytes is the size of the object.
	Bytes int64
	// Notes are what the encoder tells about the records.
	Notes encode.Notes
	// Recalled is closed when some of the records must not be stored any more:
	// then no further attempt to store the object is to begin, and the others
	// come again in another one.
	Recalled <-chan struct{}
}
