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
	errValue  = "expected one JSON value: %w"
)

// checked returns the record as it is to be written, and what was met in it: Twice
// only where a field was there twice that no longer is.
func (e *encoder) checked(r *record.Record) (*record.Record, jsonscan.Found, error) {
	if r.Structured() {
		return r, jsonscan.Found{}, e.fits(r.Value)
	}
	found, err := e.checker.Check(r.Raw)
	if err != nil {
		text := errValue
		if e.strict {
			text = errObject
		}
		return r, found, fmt.Errorf(text, err)
	}
	rec := r
	if found.Escapes {
		if rec, err = e.whole(r); err != nil {
			return rec, found, err
		}
	}
	if found.Twice = found.Twice && e.strict && schema.Twice(rec.Raw); !found.Twice {
		return rec, found, nil
	}
	if e.duplicates == RejectKeys {
		return rec, found, errTwice
	}
	value, err := schema.DecodeTwice(rec.Raw)
	e.own = record.Record{Value: value, Meta: rec.Meta}
	return &e.own, found, err
}

// fits says why a parsed value is not taken, nil if it is.
func (e *encoder) fits(v any) error {
	if !e.strict {
		return nil
	}
	if _, ok := v.(map[string]any); !ok {
		return fmt.Errorf(errObject, fmt.Errorf("the record is of type %T", v))
	}
	if jsonscan.Deeper(v, jsonscan.StrictDepth) {
		return errDeep
	}
	return nil
}
