// Package rescue collects values that do not fit their columns, and reads
// records that columns cannot be filled from directly. The columnar formats
// share it.
package rescue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// Values collects the values of one record that did not fit their columns, as
// the text of one JSON object: {"path": value}.
type Values struct {
	text  []byte
	items []int // the index in each list that is being walked
	path  []byte
}

// Enter starts a list inside of those that are being walked.
func (v *Values) Enter() { v.items = append(v.items, 0) }

// Item notes the position in the innermost list.
func (v *Values) Item(i int) { v.items[len(v.items)-1] = i }

// Leave ends the innermost list.
func (v *Values) Leave() { v.items = v.items[:len(v.items)-1] }

// Add takes a value. Where its path leads through lists, the positions are
// filled in: two values must not have the same name.
func (v *Values) Add(path string, raw []byte) {
	v.path = v.path[:0]
	for _, i := range v.items {
		before, after, _ := strings.Cut(path, "[]")
		v.path = append(append(v.path, before...), '[')
		v.path = append(strconv.AppendInt(v.path, int64(i), 10), ']')
		path = after
	}
	v.path = append(v.path, path...)
	sep := byte(',')
	if len(v.text) == 0 {
		sep = '{'
	}
	v.text = append(v.text, sep)
	v.text = jsonscan.AppendQuote(v.text, v.path)
	v.text = append(v.text, ':')
	v.text = jsonscan.AppendCompact(v.text, raw)
}

// Take returns the object and starts over; nil when nothing was added. The
// text is valid until the next add.
func (v *Values) Take() []byte {
	if len(v.text) == 0 {
		return nil
	}
	v.text = append(v.text, '}')
	text := v.text
	v.text = v.text[:0]
	return text
}

// Drop forgets what a failed record added.
func (v *Values) Drop() { v.text, v.items = v.text[:0], v.items[:0] }

// Decode reads a document in which an object has a field twice. As everywhere
// in Go's JSON the last one counts. This is rare enough to take the slow way.
func Decode(doc []byte) (any, error) {
	if err := jsonscan.Valid(doc); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading a record with a field that is there twice: %w", err)
	}
	return value, nil
}
