// Package encode turns records into the bytes of one object. It holds the
// contract every file format fulfils; each format is a package of its own
// below it, and encodetest is the suite that holds them all to the contract.
package encode

import (
	"io"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Encoder writes complete objects of one format. An Encoder may keep what it
// learned from earlier objects (buffers, dictionaries, field order), but no
// record outlives the call. It is not safe for concurrent use: every worker
// owns one.
type Encoder interface {
	// Encode writes to w one complete, readable object that holds the longest
	// prefix of records whose encoded size stays within limit bytes, and
	// reports how far it came. A limit of 0 means no limit.
	//
	// A first record that alone exceeds the limit becomes an object of its
	// own; Result.Bytes then exceeds limit. Records that the format cannot
	// hold are reported in Result.Refused, count as taken, and leave no trace
	// in the object. When every taken record was refused nothing is written.
	//
	// An error means that w failed or that the encoder is broken; what was
	// written is then worthless and no record was taken.
	Encode(w io.Writer, records []record.Record, limit int64) (Result, error)
}

// Result tells what one call of Encode did.
type Result struct {
	// Taken is the length of the prefix consumed, refused records included.
	Taken int
	// Rows is the number of records in the object: Taken less the refused.
	Rows int
	// Bytes is the number of bytes written: the size of the object.
	Bytes int64
	// Notes are what to tell about the records in the object.
	Notes
	// Refused lists, in order, the records the format cannot hold.
	Refused []Refusal
	// Stopped says why records were left, when Taken is less than their number.
	Stopped Stop
}

// Notes are what is worth telling about the records in an object.
type Notes struct {
	// Twice is how many records had a field twice, of which the last one was
	// written. Formats that read fields one by one do not count it.
	Twice int
	// Whole says that none of the records has an escape of half a character: the
	// encoder has looked at them as they came, also at fields that it leaves out.
	// Where it is not set, whoever wants to know has to look.
	Whole bool
	// Julian names a column with a time before 1582-10-15, which readers of the
	// format disagree on; empty for none.
	Julian string
}

// Stop says why an object ends before the records do.
type Stop uint8

const (
	// Full is for when the next record would exceed the limit, or another bound
	// of the format, and when there is none.
	Full Stop = iota
	// SchemaChanged is for when the next record needs a schema, or columns, that
	// this object cannot have.
	SchemaChanged
)

// Refusal names a record that could not be encoded and says why.
type Refusal struct {
	// Index is the record's position in the slice given to Encode.
	Index int
	// Err says what is wrong with the record, in words for its producer.
	Err error
}
