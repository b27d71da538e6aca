package schema

import (
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/record"
)

// unlearned is an error of an encoder about a record with something that could
// not be learned.
type unlearned struct{ error }

// Unlearned marks an error of an encoder that says of a record only that it was
// not learned from. The reason may lie elsewhere in the record: learning from a
// record is a transaction.
func Unlearned(err error) error { return unlearned{err} }

func noRoom(path string) error {
	return fmt.Errorf("there is no room for a column for the field %q: the limit of columns is reached", path)
}

// NoRoom is the error of an encoder for a field that has no column although all
// records were learned from.
func NoRoom(path string) error { return Unlearned(noRoom(path)) }

// NotLearned is the error of an encoder for a value of a field that its column
// would have been widened for, had the record been learned from.
func NotLearned(path string) error {
	return Unlearned(fmt.Errorf("field %q: the record was not learned from", path))
}

// ErrNoField is the reason of a record that has no field, while no column is
// known that it could leave empty.
var ErrNoField = Unlearned(errors.New("the record has no field, and no column is known"))

// Reasons finds out why records of an object were not learned from. The zero
// value is ready; it is not safe for concurrent use.
type Reasons struct{ checker *Checker }

// Of is err, unless that says only that the record was not learned from: then it
// is what is wrong with the record, as far as anything is.
func (r *Reasons) Of(m *Memory, rec *record.Record, err error) error {
	var u unlearned
	if !errors.As(err, &u) {
		return err
	}
	if r.checker == nil {
		r.checker = m.checker()
	}
	if wrong := r.checker.Check(rec); wrong != nil {
		return wrong
	}
	return u.error
}
