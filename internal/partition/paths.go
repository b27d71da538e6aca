package partition

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/s3-destination/s3-destination/internal/template"
)

// paths remembers what records of a pass were rendered to. Another one has the same
// path when it has the same values, and streams have few different ones at a time.
// It is not safe for concurrent use.
type paths struct {
	seed maphash.Seed
	all  [mostPaths]rendered
}

// mostPaths is how many paths are remembered. Two may want the same place.
const mostPaths = 1 << 7

// rendered is a path, and what it was rendered from. Values of which no path can be
// made are not kept, so that none is longer than a path.
type rendered struct {
	text        []byte // the values, one behind the other
	ends        []int
	date, today template.Date
	path        []byte
	known       bool
}

// at returns the place of the path with these values.
func (p *paths) at(text []byte, v *template.Values) *rendered {
	day := uint64(v.Date.Month<<10 | v.Date.Day<<5 | v.Date.Hour)
	return &p.all[(maphash.Bytes(p.seed, text)+day*0x9e3779b97f4a7c15>>32)%mostPaths]
}

// is reports whether the path is that of the values.
func (r *rendered) is(text []byte, ends []int, v *template.Values) bool {
	return r.known && r.date == v.Date && r.today == v.Today && slices.Equal(r.ends, ends) && bytes.Equal(r.text, text)
}

// note keeps the path of the values.
func (r *rendered) note(path, text []byte, ends []int, v *template.Values) {
	r.path, r.text, r.ends = path, append(r.text[:0], text...), append(r.ends[:0], ends...)
	r.date, r.today, r.known = v.Date, v.Today, true
}
