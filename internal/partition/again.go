package partition

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// recurrences find out whether one of some field names may be in what is left of a
// document. That costs less than reading it, and is almost never so. They are not
// safe for concurrent use.
type recurrences struct {
	names []recurrence
	wait  int // documents until what is rare is looked at again
}

// tuneEvery is after how many documents it is looked at again: those of one
// stream are much alike.
const tuneEvery = 1 << 12

// in reports whether a name may be in the rest of a document.
func (r *recurrences) in(rest []byte) bool {
	if r.wait--; r.wait < 0 {
		r.wait = tuneEvery
		r.tune(rest)
	}
	if at := bytes.IndexByte(rest, '\\'); at >= 0 {
		for i := range r.names {
			if r.names[i].escaped(rest[at:]) {
				return true
			}
		}
	}
	for i := range r.names {
		if r.names[i].in(rest) {
			return true
		}
	}
	return false
}

// tune looks which bytes the document has few of.
func (r *recurrences) tune(rest []byte) {
	var counts [256]int
	for _, c := range rest {
		counts[c]++
	}
	for i := range r.names {
		n := &r.names[i]
		for at, c := range n.token {
			if counts[c] < counts[n.token[n.rare]] {
				n.rare = at
			}
		}
	}
}

// recurrence finds out whether a field name may be in what is left of a document.
type recurrence struct {
	name  string
	token []byte // the name as it mostly looks in a document
	rare  int    // where in token the byte is that documents have least of
	odd   bool   // the name may be written with a short escape
}

func recurrenceOf(name string) recurrence {
	r := recurrence{name: name, token: jsonscan.AppendQuote(nil, []byte(name))}
	r.odd = strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == '/' || c > 0xffff })
	return r
}

// in reports whether the name, without escapes, may be in the rest of a document.
func (r *recurrence) in(rest []byte) bool {
	if r.odd {
		return true
	}
	token := r.token
	for at := 0; ; at++ {
		i := bytes.IndexByte(rest[at:], token[r.rare])
		if i < 0 {
			return false
		}
		at += i
		start := at - r.rare
		if start >= 0 && rest[start] == '"' && bytes.HasPrefix(rest[start:], token) {
			return true
		}
	}
}

// escaped reports whether one of the characters of the name is there as an escape
// such as \u0061, which the name may be written with.
func (r *recurrence) escaped(rest []byte) bool {
	const digits = 4
	for {
		i := bytes.Index(rest, []byte(`\u`))
		if i < 0 || len(rest) < i+2+digits {
			return false
		}
		rest = rest[i+2:]
		c, err := strconv.ParseUint(string(rest[:digits]), 16, 16)
		if err == nil && strings.ContainsRune(r.name, rune(c)) {
			return true
		}
	}
}

// again returns what finds out whether a field of the lookup may come again.
func (l *lookup) again() recurrences { return recurrences{names: slices.Clone(l.first)} }
