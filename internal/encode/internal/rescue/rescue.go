// Package rescue collects values that do not fit their columns. The columnar
// formats share it.
package rescue

import (
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// Values collects the values of one record that did not fit their columns, as
// the text of one JSON object: {"path": value}. Paths are JSON Pointers (RFC
// 6901), so that no two values of a record have the same.
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

// Path is where a column is: the parts of a pointer between the positions in
// lists that it leads through.
type Path []string

// Root is the path of a record.
func Root() Path { return Path{""} }

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// Member is the path of a member of the object that is at p.
func (p Path) Member(name string) Path {
	parts := slices.Clone(p)
	parts[len(parts)-1] += "/" + escape.Replace(name)
	return parts
}

// Items is the path of the elements of the list that is at p.
func (p Path) Items() Path { return append(slices.Clone(p), "") }

// Add takes a value. The positions in lists that its path leads through are those
// that are being walked.
func (v *Values) Add(path Path, raw []byte) {
	v.path = append(v.path[:0], path[0]...)
	for i, part := range path[1:] {
		v.path = strconv.AppendInt(append(v.path, '/'), int64(v.items[i]), 10)
		v.path = append(v.path, part...)
	}
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
