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
	items []item // the position in each list and map that is being walked
	path  []byte
}

// item is a position in a list, or in a map.
type item struct {
	index int
	key   []byte // nil in a list
}

// Enter starts a list or map inside of those that are being walked.
func (v *Values) Enter() { v.items = append(v.items, item{}) }

// Item notes the position in the innermost list.
func (v *Values) Item(i int) { v.items[len(v.items)-1].index = i }

// Key notes the position in the innermost map. The key is copied.
func (v *Values) Key(key []byte) {
	at := &v.items[len(v.items)-1]
	at.key = append(at.key[:0], key...)
	if at.key == nil {
		at.key = []byte{}
	}
}

// Leave ends the innermost list or map.
func (v *Values) Leave() { v.items = v.items[:len(v.items)-1] }

// Path is where a column is: the parts of a pointer between the positions in
// lists and maps that it leads through.
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

// Items is the path of the elements of the list, or the values of the map, that
// is at p.
func (p Path) Items() Path { return append(slices.Clone(p), "") }

// Add takes a value. The positions in lists and maps that its path leads through
// are those that are being walked.
func (v *Values) Add(path Path, raw []byte) {
	v.path = append(v.path[:0], path[0]...)
	for i, part := range path[1:] {
		v.path = v.items[i].appendTo(append(v.path, '/'))
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

// appendTo appends the position as a part of a pointer.
func (i *item) appendTo(dst []byte) []byte {
	if i.key != nil {
		return append(dst, escape.Replace(string(i.key))...)
	}
	return strconv.AppendInt(dst, int64(i.index), 10)
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
