package parquet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// rescue collects the values of one record that did not fit their columns, as
// the text of one JSON object: {"path": value}.
type rescue struct {
	text  []byte
	items []int // the index in each list that is being walked
	path  []byte
}

// enter starts a list inside of those that are being walked.
func (r *rescue) enter() { r.items = append(r.items, 0) }

// item notes the position in the innermost list.
func (r *rescue) item(i int) { r.items[len(r.items)-1] = i }

// leave ends the innermost list.
func (r *rescue) leave() { r.items = r.items[:len(r.items)-1] }

// add takes a value. Where its path leads through lists, the positions are
// filled in: two values must not have the same name.
func (r *rescue) add(path string, raw []byte) {
	r.path = r.path[:0]
	for _, i := range r.items {
		before, after, _ := strings.Cut(path, "[]")
		r.path = append(append(r.path, before...), '[')
		r.path = append(strconv.AppendInt(r.path, int64(i), 10), ']')
		path = after
	}
	r.path = append(r.path, path...)
	sep := byte(',')
	if len(r.text) == 0 {
		sep = '{'
	}
	r.text = append(r.text, sep)
	r.text = jsonscan.AppendQuote(r.text, r.path)
	r.text = append(r.text, ':')
	r.text = jsonscan.AppendCompact(r.text, raw)
}

// take returns the object and starts over; nil when nothing was added. The
// text is valid until the next add.
func (r *rescue) take() []byte {
	if len(r.text) == 0 {
		return nil
	}
	r.text = append(r.text, '}')
	text := r.text
	r.text = r.text[:0]
	return text
}

// drop forgets what a failed record added.
func (r *rescue) drop() { r.text, r.items = r.text[:0], r.items[:0] }

// errTwice says that an object has the same field twice.
var errTwice = errors.New("a field is there twice")

// writeTwice writes a document in which an object has a field twice. As
// everywhere in Go's JSON the last one counts. This is rare enough to take the
// slow way.
func (w *writer) writeTwice(doc []byte) error {
	w.truncate(w.row)
	w.rescue.drop()
	if err := jsonscan.Valid(doc); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("reading a record with a field that is there twice: %w", err)
	}
	return w.writeValue(v)
}
