package partition

import (
	"bytes"
	"slices"

	"github.com/s3-destination/s3-destination/internal/template"
)

// lastPath is what the last record of a pass was rendered from. The next one has the
// same path when it has the same values, as records that come together often have.
type lastPath struct {
	text        []byte // the values, one behind the other
	ends        []int
	date, today template.Date
	known       bool
}

// is reports whether the values are those of the last record.
func (l *lastPath) is(text []byte, ends []int, v *template.Values) bool {
	return l.known && l.date == v.Date && l.today == v.Today && slices.Equal(l.ends, ends) && bytes.Equal(l.text, text)
}

// note keeps the values of a record, for which there is a path.
func (l *lastPath) note(text []byte, ends []int, v *template.Values) {
	if cap(l.text) > maxKeptText {
		l.text = nil
	}
	l.text, l.ends = append(l.text[:0], text...), append(l.ends[:0], ends...)
	l.date, l.today, l.known = v.Date, v.Today, true
}
