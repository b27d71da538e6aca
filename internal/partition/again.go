package partition

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// recurrence finds out whether a field name may be in what is left of a document.
// That costs less than reading it, and is almost never so.
type recurrence struct {
	name  string
	token []byte // the name as it mostly looks in a document
	rare  int    // where in token the byte is that documents have least of
	odd   bool   // the name may be written with a short escape
}

// frequent are bytes of documents, those that are frequent last.
const frequent = `zqjxkvbwy-fg0m1_p2ul.dhcrsionat,:e"`

func recurrenceOf(name string) recurrence {
	r := recurrence{name: name, token: jsonscan.AppendQuote(nil, []byte(name))}
	r.odd = strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == '/' || c > 0xffff })
	for i, c := range r.token {
		if strings.IndexByte(frequent, c) < strings.IndexByte(frequent, r.token[r.rare]) {
			r.rare = i
		}
	}
	return r
}

// in reports whether the name may be in the rest of a document.
func (r *recurrence) in(rest []byte) bool {
	if r.odd || r.escaped(rest) {
		return true
	}
	for at := 0; ; at++ {
		i := bytes.IndexByte(rest[at:], r.token[r.rare])
		if i < 0 {
			return false
		}
		at += i
		if start := at - r.rare; start >= 0 && bytes.HasPrefix(rest[start:], r.token) {
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
