package yamlfile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// mend repairs what makes a file unreadable, where the reason is one that is
// known, and notes it. It reports whether anything has changed.
func (f *File) mend(err error) bool {
	lines := strings.Split(string(f.Text), "\n")
	near := 0
	if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
		near, _ = strconv.Atoi(m[1])
	}
	for _, rule := range mends {
		if !strings.Contains(err.Error(), rule.error) {
			continue
		}
		changed := false
		for i, line := range lines {
			if rule.near && (i+1 < near-1 || i+1 > near+1) {
				continue
			}
			mended, text, column, ok := rule.apply(lines, i)
			if !ok {
				continue
			}
			key, _, _ := strings.Cut(strings.TrimLeft(line, " \t-"), ":")
			f.Problems = append(f.Problems, Problem{Place: Place{Line: i + 1, Column: column}, Setting: strings.TrimSpace(key), Text: text})
			lines[i], changed = mended, true
			if rule.near {
				break
			}
		}
		if changed {
			f.Text = []byte(strings.Join(lines, "\n"))
			return true
		}
	}
	return false
}

// mends are the mistakes that are known: what the parser says, whether the line
// is the one that it names or one beside it, and how to mend a line.
var mends = []struct {
	error string
	near  bool
	apply func(lines []string, i int) (mended, text string, column int, ok bool)
}{
	{"found a tab character", false, untab},
	{"cannot start any token", true, untab},
	{"", false, quoteBraces},
	{"", true, quoteSpecial},
	{"mapping values are not allowed", true, quoteColon},
	{"mapping values are not allowed", true, quoteAll},
	{"unexpected end of stream", false, closeQuote},
	{"did not find expected", false, closeQuote},
	{"did not find expected", false, quoteAll},
	{"could not find expected ':'", true, spaceAfterColon},
}

// untab indents a line like the one before.
func untab(lines []string, i int) (string, string, int, bool) {
	line := lines[i]
	rest := strings.TrimLeft(line, " \t")
	indent := line[:len(line)-len(rest)]
	if !strings.Contains(indent, "\t") || rest == "" {
		return "", "", 0, false
	}
	width := 0
	for j := i - 1; j >= 0; j-- {
		if before := strings.TrimSpace(lines[j]); before != "" {
			width = len(lines[j]) - len(strings.TrimLeft(lines[j], " "))
			if strings.HasSuffix(before, ":") {
				width += 2
			}
			break
		}
	}
	return strings.Repeat(" ", width) + rest, "is indented with a tab, which YAML does not allow: indent the line with spaces, like its neighbours", 1, true
}

var (
	beginsWithBraces = regexp.MustCompile(`^(\s*(?:- )?[\w.-]+:\s+)(\{\{.*?)\s*\r?$`)
	beginsSpecially  = regexp.MustCompile("^(\\s*(?:- )?[\\w.-]+:\\s+)([%@`*&!][^#]*?)\\s*\\r?$")
	hasColon         = regexp.MustCompile(`^(\s*(?:- )?[\w.-]+:\s+)([^'"{\[|>&*#\s][^#]*:(?:\s[^#]*)?)\s*\r?$`)
	beginsWithQuote  = regexp.MustCompile(`^(\s*(?:- )?[\w.-]+:\s+)(['"])(.*?)\s*\r?$`)
	withoutSpace     = regexp.MustCompile(`^(\s*(?:- )?)([a-z_0-9]+):(\S.*)$`)
)

func quoteBraces(lines []string, i int) (string, string, int, bool) {
	m := beginsWithBraces.FindStringSubmatch(lines[i])
	if m == nil {
		return "", "", 0, false
	}
	return m[1] + quoted(m[2]), fmt.Sprintf("%q begins with {{, which YAML takes for a group of settings: put it into quotes, %s", m[2], quoted(m[2])), len(m[1]) + 1, true
}

func quoteSpecial(lines []string, i int) (string, string, int, bool) {
	m := beginsSpecially.FindStringSubmatch(lines[i])
	if m == nil {
		return "", "", 0, false
	}
	return m[1] + quoted(m[2]), fmt.Sprintf("%q begins with %c, which means something else to YAML: put it into quotes, %s", m[2], m[2][0], quoted(m[2])), len(m[1]) + 1, true
}

func quoteColon(lines []string, i int) (string, string, int, bool) {
	m := hasColon.FindStringSubmatch(lines[i])
	if m == nil {
		return "", "", 0, false
	}
	return m[1] + quoted(m[2]), fmt.Sprintf("%q has a colon and a space, which YAML takes for another setting: put it into quotes, %s", m[2], quoted(m[2])), len(m[1]) + 1, true
}

// quoteAll repairs text that goes on behind a quoted part.
func quoteAll(lines []string, i int) (string, string, int, bool) {
	m := beginsWithQuote.FindStringSubmatch(lines[i])
	if m == nil || strings.Count(m[3], m[2]) != 1 || strings.HasSuffix(m[3], m[2]) {
		return "", "", 0, false
	}
	if _, behind, _ := strings.Cut(m[3], m[2]); strings.HasPrefix(strings.TrimSpace(behind), "#") {
		return "", "", 0, false // a comment
	}
	value := strings.ReplaceAll(m[3], m[2], "")
	return m[1] + quoted(value), fmt.Sprintf("%q goes on behind its quotes: put all of it into quotes, %s", m[2]+m[3], quoted(value)), len(m[1]) + 1, true
}

func closeQuote(lines []string, i int) (string, string, int, bool) {
	m := beginsWithQuote.FindStringSubmatch(lines[i])
	if m == nil || strings.Contains(m[3], m[2]) {
		return "", "", 0, false
	}
	return m[1] + m[2] + m[3] + m[2], fmt.Sprintf("%q has a quote that is never closed: write %s", m[2]+m[3], m[2]+m[3]+m[2]), len(m[1]) + 1, true
}

func spaceAfterColon(lines []string, i int) (string, string, int, bool) {
	m := withoutSpace.FindStringSubmatch(lines[i])
	if m == nil || strings.HasPrefix(m[3], "//") {
		return "", "", 0, false
	}
	return m[1] + m[2] + ": " + m[3], fmt.Sprintf("%q has no space behind the colon, so that YAML takes all of it for text: write %s: %s", m[2]+":"+m[3], m[2], m[3]), len(m[1]) + 1, true
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
