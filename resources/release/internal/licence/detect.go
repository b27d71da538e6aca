// Package licence finds out what is linked into a binary, and under which
// licences: it lists the packages of a build, reads the licence files beside
// them and the headers of their files, and holds what it found against a list
// of what is allowed.
package licence

import (
	"slices"
	"strings"
)

// Unknown stands for a text that no pattern explains, or explains in part.
const Unknown = "unknown"

// Licences of files of Redpanda Connect that are not open source. SPDX has no
// name for the one, and for the other one with a version, which no header says.
const (
	Redpanda = "LicenseRef-Redpanda-Community-License"
	Business = "LicenseRef-Business-Source-License"
)

// pattern is a licence as it begins, in the form that normal gives a text.
type pattern struct {
	id    string
	start string
	// words is how many words follow from start to the end of the licence.
	words int
	// mentions are licences that the text names without being under them.
	mentions []string
}

var patterns = []pattern{
	{id: "Apache-2.0", start: "apache license version 2 0 january 2004", words: 1650},
	{id: "Apache-2.0", start: "licensed under the apache license version 2 0 the license", words: 90},
	{id: "MIT", start: "permission is hereby granted free of charge to any person obtaining a copy", words: 165},
	{id: bsd, start: "redistribution and use in source and binary forms with or without modification are permitted", words: 215},
	{id: "ISC", start: "permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted", words: 120},
	{id: "ISC", start: "permission to use copy modify and distribute this software for any purpose with or without fee is hereby granted", words: 120},
	{id: "MPL-2.0", start: "mozilla public license version 2 0", words: 2750, mentions: []string{"GPL", "LGPL", "AGPL"}},
	{id: "MPL-2.0", start: "mozilla public license v 2 0", words: 200},
	{id: "Unlicense", start: "this is free and unencumbered software released into the public domain", words: 215},
	{id: "CC0-1.0", start: "cc0 1 0 universal", words: 1100},
	{id: Redpanda, start: "redpanda community license agreement", words: 3800, mentions: []string{Business}},
}

// bsd stands for the BSD licences, which begin alike.
const bsd = "BSD"

// alarms are words that turn a licence into another one, wherever they stand.
var alarms = []struct{ id, words string }{
	{"AGPL", "gnu affero general public license"},
	{"LGPL", "gnu lesser general public license"},
	{"LGPL", "gnu library general public license"},
	{"GPL", "gnu general public license"},
	{Business, "business source license"},
	{"SSPL", "server side public license"},
	{"Elastic", "elastic license"},
	{"Commons-Clause", "commons clause"},
	{Redpanda, "redpanda community license"},
	{"non-commercial", "non commercial"},
	{"non-commercial", "noncommercial"},
}

// slack is how many words a text may have beside its licences: copyright
// lines, titles, a sentence that says which file is under which.
const slack = 170

// Detect returns the SPDX names of the licences in a text, sorted, and Unknown
// when more is left over than titles and copyright lines.
func Detect(text string) []string {
	words := normal(text)
	blocks := split(words)
	var found []string
	left := strings.Count(words[:blocks[0].at], " ")
	found = append(found, alarmed(words[:blocks[0].at], nil)...)
	for i, b := range blocks {
		if b.pattern == nil {
			break
		}
		end := len(words)
		if i+1 < len(blocks) {
			end = blocks[i+1].at
		}
		body := words[b.at:end]
		id := b.id
		if id == bsd {
			id = bsdKind(body)
		}
		found = append(append(found, id), alarmed(body, b.mentions)...)
		left += max(0, strings.Count(body, " ")-b.words)
	}
	if blocks[0].pattern == nil || left > slack {
		found = append(found, Unknown)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// block is where a licence begins in a text.
type block struct {
	*pattern
	at int
}

// split returns the beginnings of licences in order, and one without a pattern
// at the end of the text when there are none.
func split(words string) []block {
	var blocks []block
	for i := range patterns {
		p := &patterns[i]
		for at := 0; ; {
			next := strings.Index(words[at:], p.start)
			if next < 0 {
				break
			}
			blocks = append(blocks, block{pattern: p, at: at + next})
			at += next + len(p.start)
		}
	}
	if len(blocks) == 0 {
		return []block{{at: len(words)}}
	}
	slices.SortFunc(blocks, func(a, b block) int { return a.at - b.at })
	return blocks
}

// bsdKind tells the BSD licences apart by the clause that each adds.
func bsdKind(body string) string {
	switch {
	case strings.Contains(body, "advertising materials mentioning"):
		return "BSD-4-Clause"
	case strings.Contains(body, "endorse or promote products derived"):
		return "BSD-3-Clause"
	}
	return "BSD-2-Clause"
}

func alarmed(words string, but []string) []string {
	var found []string
	for _, a := range alarms {
		if strings.Contains(words, a.words) && !slices.Contains(but, a.id) {
			found = append(found, a.id)
		}
	}
	return found
}

// normal returns the words of a text in small letters, one space between them:
// line breaks, quotes, numbering and comment signs differ from copy to copy.
func normal(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), " ")
}
