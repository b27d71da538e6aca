package parquet

import (
	"errors"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// errTwice says that an object has the same field twice.
var errTwice = errors.New("a field is there twice")

// writeTwice writes a document in which an object has a field twice.
func (w *writer) writeTwice(doc []byte) error {
	w.truncate(w.row)
	w.rescue.Drop()
	v, err := schema.DecodeTwice(doc)
	if err != nil {
		return err
	}
	return w.writeValue(v)
}
