package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// result is what became of one break.
type result struct {
	name string
	fate fate
}

// explained reads the list of survivors that somebody has looked at: a name on
// one line, and why no test can notice it on the indented lines below.
func explained(text string) map[string]string {
	reasons := map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t"), strings.HasPrefix(line, " "):
			reasons[name] = strings.TrimSpace(reasons[name] + " " + strings.TrimSpace(line))
		default:
			name = line
			reasons[name] = ""
		}
	}
	return reasons
}

// score counts results.
type score struct {
	noticed, explained int
	left               []result // survivors that nobody has explained
	// wrong are explained ones that are noticed after all.
	wrong []string
}

func count(results []result, reasons map[string]string) score {
	var s score
	for _, r := range results {
		reason := reasons[r.name]
		switch {
		case r.fate == noticed && reason != "":
			s.noticed++
			s.wrong = append(s.wrong, r.name)
		case r.fate == noticed:
			s.noticed++
		case reason != "":
			s.explained++
		default:
			s.left = append(s.left, r)
		}
	}
	return s
}

// percent is how many of those that can be noticed are.
func (s score) percent() float64 {
	if s.noticed+len(s.left) == 0 {
		return 100
	}
	return 100 * float64(s.noticed) / float64(s.noticed+len(s.left))
}

// print writes survivors by file, then the score.
func (s score) print(w io.Writer, what string) {
	slices.SortFunc(s.left, func(a, b result) int { return strings.Compare(a.name, b.name) })
	for _, r := range s.left {
		mark := "survived"
		if r.fate == unmet {
			mark = "not run "
		}
		_, _ = fmt.Fprintf(w, "%s  %s\n", mark, r.name)
	}
	for _, name := range s.wrong {
		_, _ = fmt.Fprintf(w, "explained, and noticed nevertheless: %s\n", name)
	}
	_, _ = fmt.Fprintf(w, "%s: %d noticed, %d not, %d explained: %.1f%%\n", what, s.noticed, len(s.left), s.explained, s.percent())
}

// stale lists explanations of a package whose mutation does not exist.
func stale(reasons map[string]string, all []*mutation, rel string) []string {
	known := map[string]bool{}
	for _, m := range all {
		known[m.name] = true
	}
	var gone []string
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		if strings.HasPrefix(name, rel+"/") && !known[name] {
			gone = append(gone, name)
		}
	}
	return gone
}
