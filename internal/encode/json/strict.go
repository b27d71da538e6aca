package json

import (
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// DuplicateKeys says what becomes of a record in which an object has a field
// twice.
type DuplicateKeys string

// What becomes of such records.
const (
	// LastKey writes the last one. The default.
	LastKey DuplicateKeys = "last"
	// RejectKeys refuses the record.
	RejectKeys DuplicateKeys = "reject"
)

var (
	errTwice  = errors.New("an object has the same field twice, and json.duplicate_keys is reject")
	errDeep   = fmt.Errorf("the record has more than %d nested objects and arrays, and json.strict is set", jsonscan.StrictDepth)
	errObject = "expected a JSON object, since json.strict is set: %w"
)

// checked returns the record as it is to be written, and whether it had a field
// twice. One that is strict need not be checked again.
func (e *encoder) checked(r *record.Record) (rec *record.Record, twice bool, err error) {
	if e.strict == nil {
		rec, err = e.whole(r)
		return rec, false, err
	}
	if r.Structured() {
		if _, ok := r.Value.(map[string]any); !ok {
			return r, false, fmt.Errorf(errObject, fmt.Errorf("the record is of type %T", r.Value))
		}
		if jsonscan.Deeper(r.Value, jsonscan.StrictDepth) {
			return r, false, errDeep
		}
		return r, false, nil
	}
	suspected, err := e.strict.Check(r.Raw)
	if err != nil {
		return r, false, fmt.Errorf(errObject, err)
	}
	if rec, err = e.whole(r); err != nil || !suspected || !schema.Twice(rec.Raw) {
		return rec, false, err
	}
	if e.duplicates == RejectKeys {
		return rec, false, errTwice
	}
	value, err := schema.DecodeTwice(rec.Raw)
	e.own = record.Record{Value: value, Meta: rec.Meta}
	return &e.own, true, err
}
