package chunk

import (
	"context"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Encoded is the encoded form of a chunk, opaque to this package.
type Encoded interface {
	// Release frees what the encoded form holds. It is called exactly once.
	Release()
}

// Pipeline turns a sealed chunk into a durable object. Its methods are called
// from several goroutines at once: Encode from as many as Config.Encoders, Land
// from as many as Config.Uploads.
type Pipeline interface {
	// Encode encodes the longest prefix of records that fits in limit bytes
	// (0: no limit). It returns a nil Encoded when an error occurs or when no
	// record was stored. It may panic: what it used is then not used again.
	Encode(ctx context.Context, kind Kind, records []record.Record, limit int64) (Encoded, encode.Result, error)
	// Land returns once the object is durable, with its key, or with the
	// reason why it cannot be.
	Land(ctx context.Context, o Object) (key string, err error)
}

// DeadLetters describes refused records as records of their own.
type DeadLetters interface {
	// Path is the path of the partition for dead letters of that time.
	Path(at time.Time) string
	// Describe returns the dead letter of a record. from is the path of the
	// partition the record belonged to, empty when it never had one.
	Describe(r *record.Record, from string, reason error, at time.Time) (line []byte)
}

// BadRecordPolicy says what becomes of a record that cannot be stored.
type BadRecordPolicy uint8

// The policies for bad records.
const (
	// Reject reports the record to the call that brought it.
	Reject BadRecordPolicy = iota
	// ToDeadLetter stores a description of the record instead.
	ToDeadLetter
	// Drop acknowledges the record and counts it.
	Drop
)

// Config holds the roll rules and limits of a Manager. A zero limit means
// none, except where noted.
type Config struct {
	// MaxFileSize caps the encoded bytes of an object.
	MaxFileSize int64
	// MaxRecords caps the records of an object.
	MaxRecords int
	// MaxAge rolls a chunk this long after its first record arrived.
	MaxAge time.Duration
	// IdleTimeout rolls everything when nothing arrived for that long.
	IdleTimeout time.Duration
	// MaxOpenPartitions caps the open chunks.
	MaxOpenPartitions int
	// MemoryLimit caps the bytes of records whose call has not returned, with
	// overheads and encoded objects.
	MemoryLimit int64
	// MaxInFlight is the number of calls the caller can keep waiting.
	MaxInFlight int
	// Encoders is the number of chunks encoded at once; at least 1.
	Encoders int
	// Uploads is the largest number of chunks uploaded at once; at least 1.
	Uploads int
	// CallOverhead, RecordOverhead and PartitionOverhead are what a waiting
	// call, a waiting record and an open partition cost beside the payload, in
	// bytes.
	CallOverhead, RecordOverhead, PartitionOverhead int64
	// InitialRatio is the encoded size of one raw byte expected for each kind
	// until objects have been measured; 0 means 1.
	InitialRatio [kinds]float64
	// OnBadRecord says what becomes of records that cannot be stored.
	OnBadRecord BadRecordPolicy
	// DeadLetters is needed by the policies ToDeadLetter and
	// ObjectToDeadLetters.
	DeadLetters DeadLetters
	// Refused reports whether an object that could not be stored is refused
	// although the destination is well, so that its partition is parked. It may
	// be nil: then none is.
	Refused func(err error) bool
	// GiveUpAfter is how long a partition may be refused until its records are
	// reported as not stored; 0 means for ever.
	GiveUpAfter time.Duration
	// OnRefusedObject says what becomes of the records of such objects.
	OnRefusedObject RefusedObjectPolicy
	// NewID returns a new chunk identity.
	NewID func() string
	// Observer is told what happens; it may be nil.
	Observer Observer
}

// complete fills in what may be left out.
func (c Config) complete() Config {
	if c.Observer == nil {
		c.Observer = silent{}
	}
	c.Encoders, c.Uploads = max(c.Encoders, 1), max(c.Uploads, 1)
	return c
}
