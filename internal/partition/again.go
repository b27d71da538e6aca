package partition

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// recurrences find out whether one of some field names may be in what is left of a
// document, and where it is in a whole one. That costs less than reading it. They
// are not safe for concurrent use.
type recurrences struct {
	names  []recurrence
	plain  bool // all of them are
	nested nested
	wait   int // documents until what is rare is looked at again
}

// tuneEvery is after how many documents it is looked at again: those of one
// stream are much alike.
const tuneEvery = 1 << 12

// look has a document looked at now and then.
func (r *recurrences) look(doc []byte) {
	if r.wait--; r.wait < 0 {
		r.wait = tuneEvery
		r.tune(doc)
	}
}

// in reports whether a name may be in the rest of a document.
func (r *recurrences) in(rest []byte) bool {
	r.look(rest)
	if r.escaped(rest) {
		return true
	}
	for i := range r.names {
		if r.names[i].in(rest) {
			return true
		}
	}
	return false
}

// escaped reports whether one of the characters of a name is there as an escape
// such as \u0061, which the name may be written with.
func (r *recurrences) escaped(rest []byte) bool {
	for {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 || len(rest) < i+2 {
			return false
		}
		short := rest[i+1] != 'u'
		rest = rest[i+2:]
		if short {
			continue
		}
		const digits = 4
		if len(rest) < digits {
			return false
		}
		for k := range r.names {
			if r.names[k].escaped(rest[:digits]) {
				return true
			}
		}
	}
}

// tune looks where in a document the names are, and which bytes it has few of from
// there on.
func (r *recurrences) tune(rest []byte) {
	for i := range r.names {
		n := &r.names[i]
		n.low = max(1, bytes.LastIndex(rest, n.token))
		var counts [256]int
		for _, c := range rest[min(n.low, len(rest)):] {
			counts[c]++
		}
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
	slots []int  // of the paths that begin with it
	token []byte // the name as it mostly looks in a document
	rare  int    // where in token the byte is that documents have least of
	low   int    // the name was not before it of late, as the last one of a document
	odd   bool   // the name may be written with a short escape
}

func recurrenceOf(name string) recurrence {
	r := recurrence{name: name, token: jsonscan.AppendQuote(nil, []byte(name)), low: 1}
	r.odd = strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == '/' || c > 0xffff })
	return r
}

// plain reports whether the name in quotes stands for nothing else: without escapes,
// and not to be taken for what is between two texts.
func (r *recurrence) plain() bool {
	return !r.odd && r.name != "" && !endsText(r.name[0]) && utf8.ValidString(r.name)
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

// escaped reports whether the four digits of an escape stand for a character of the
// name.
func (r *recurrence) escaped(digits []byte) bool {
	c, err := strconv.ParseUint(string(digits), 16, 16)
	return err == nil && strings.ContainsRune(r.name, rune(c))
}

// again returns what finds out whether a field of the lookup may come again.
func (l *lookup) again() recurrences {
	odd := func(r recurrence) bool { return !r.plain() }
	return recurrences{names: slices.Clone(l.first), plain: !slices.ContainsFunc(l.first, odd)}
}
