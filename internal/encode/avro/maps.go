package avro

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// entries writes the object that the cursor is at as a map, which looks like an
// array of keys with their values.
func (w *writer) entries(n *node) error {
	c := &w.cursor
	if err := c.EnterObject(); err != nil {
		return err
	}
	w.present(n)
	start, entries, object := w.openArray(), 0, w.keys.Object()
	w.rescue.Enter()
	for ; ; entries++ {
		key, ok, err := c.NextField()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if !w.keys.Add(object, key) {
			return errTwice
		}
		w.key(key)
		if err := w.value(n.elem); err != nil {
			return err
		}
	}
	w.rescue.Leave()
	w.closeArray(start, entries)
	return nil
}

// key writes the key of an entry.
func (w *writer) key(key []byte) {
	if w.rescued != nil {
		w.rescue.Key(key)
	}
	w.long(int64(len(key)))
	w.buf = append(w.buf, key...)
}

// parsedEntries writes a parsed object as a map, in the order of its keys.
func (w *writer) parsedEntries(n *node, object map[string]any) error {
	names, err := schema.MapKeys(object)
	if err != nil {
		return fmt.Errorf("field %q: %w", n.path, err)
	}
	w.present(n)
	start := w.openArray()
	w.rescue.Enter()
	for _, name := range names {
		w.key(scalar.Bytes(schema.MapKey(name)))
		if err := w.parsed(n.elem, object[name]); err != nil {
			return err
		}
	}
	w.rescue.Leave()
	w.closeArray(start, len(names))
	return nil
}
