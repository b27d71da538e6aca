package avro

import (
	"github.com/s3-destination/s3-destination/internal/schema"
)

// writeTwice writes a document in which an object has a field twice.
func (w *writer) writeTwice(doc []byte) error {
	w.buf = w.buf[:w.end()]
	w.spans = w.spans[:0]
	w.rescue.Drop()
	v, err := schema.DecodeTwice(doc)
	if err != nil {
		return err
	}
	return w.writeValue(v)
}
