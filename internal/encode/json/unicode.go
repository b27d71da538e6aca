package json

import (
	"errors"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// InvalidUnicode says what becomes of escapes that stand for half a character.
type InvalidUnicode string

// What becomes of such escapes.
const (
	// ReplaceUnicode puts the replacement character, U+FFFD, in their place. The
	// default.
	ReplaceUnicode InvalidUnicode = "replace"
	// RejectUnicode refuses the record.
	RejectUnicode InvalidUnicode = "reject"
)

var (
	errHalf  = errors.New("a string has an escape of half a character (a lone surrogate), and json.invalid_unicode is reject")
	errEqual = errors.New("an object has the same name twice, or two that are the same once escapes of half a character are replaced")
)

// whole returns a record of valid JSON without escapes of half a character: one of
// them makes a whole object unreadable for DuckDB, pyarrow and ClickHouse.
func (e *encoder) whole(r *record.Record) (*record.Record, error) {
	if !jsonscan.LoneSurrogates(r.Raw) {
		return r, nil
	}
	e.halves = true
	if e.unicode == RejectUnicode {
		return r, errHalf
	}
	if schema.Twice(r.Raw) {
		return r, errEqual
	}
	e.replaced = jsonscan.AppendReplaced(e.replaced[:0], r.Raw)
	e.own = *r
	e.own.Raw = e.replaced
	return &e.own, nil
}
