package licence

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// headerPart is how many bytes of a file are searched for its header.
const headerPart = 8 << 10

// headers are the words by which the comment at the top of a file names its
// licence, beside the alarms.
var headers = []struct{ id, words string }{
	{"Apache-2.0", "apache license version 2 0"},
	{"MPL-2.0", "mozilla public license"},
	{"MIT", "mit license"},
	{"MIT", "permission is hereby granted free of charge to any person obtaining a copy"},
	{"BSD-3-Clause", "bsd style license"},
	{"BSD-3-Clause", "bsd license"},
	{"ISC", "isc license"},
}

var spdx = regexp.MustCompile(`SPDX-License-Identifier:\s*([A-Za-z0-9.+-]+(?:\s+(?:AND|OR|WITH)\s+[A-Za-z0-9.+-]+)*)`)

// Header returns the licences that the comments before the package clause of a
// source file name, sorted; nil when they name none.
func Header(src []byte) []string {
	src = src[:min(len(src), headerPart)]
	if at := bytes.Index(src, []byte("\npackage ")); at >= 0 {
		src = src[:at]
	} else if bytes.HasPrefix(src, []byte("package ")) {
		return nil
	}
	var found []string
	for _, m := range spdx.FindAllSubmatch(src, -1) {
		found = append(found, string(m[1]))
	}
	words := normal(string(src))
	for _, h := range headers {
		if strings.Contains(words, h.words) {
			found = append(found, h.id)
		}
	}
	found = append(found, alarmed(words, nil)...)
	slices.Sort(found)
	return slices.Compact(found)
}
