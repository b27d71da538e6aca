package main

import (
	"bytes"
	"slices"
	"strings"
)

// mutation is one break: insertions into one file that do nothing until the
// environment names its number.
type mutation struct {
	// name stays when lines move: file, function, kind and the code, with a
	// number where several in that function read alike.
	name string
	// number switches it on.
	number int
	file   string
	line   int
	edits  []edit
}

// edit puts text at an offset, in the place of gone bytes.
type edit struct {
	at, gone int
	text     string
	// close: the text ends something, and so comes before what begins here.
	close bool
	// depth orders texts at one place: what is outside, or was there first,
	// encloses what is inside.
	depth int
}

// render applies the edits of some mutations to a source.
func render(text []byte, all []*mutation) []byte {
	var edits []edit
	for _, m := range all {
		edits = append(edits, m.edits...)
	}
	slices.SortFunc(edits, func(a, b edit) int {
		switch {
		case a.at != b.at:
			return a.at - b.at
		case a.close != b.close:
			if a.close {
				return -1
			}
			return 1
		case a.close:
			return b.depth - a.depth
		}
		return a.depth - b.depth
	})
	var out bytes.Buffer
	from := 0
	for _, e := range edits {
		out.Write(text[from:max(from, e.at)])
		out.WriteString(e.text)
		from = max(from, e.at+e.gone)
	}
	out.Write(text[from:])
	return out.Bytes()
}

// short is code on one line, cut where it is long.
func short(code []byte) string {
	s := strings.Join(strings.Fields(string(code)), " ")
	if len(s) > 90 {
		s = s[:90] + "..."
	}
	return s
}
