package inspect

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// placedFix is a change of what stands at a place of a file.
type placedFix struct {
	file  string
	place yamlfile.Place
	value string // as YAML has it, without quotes
	write func(written string) string
}

// fix notes that another word is to stand in the place of a key or a value.
func (w *shapes) fix(n *yaml.Node, word string) {
	w.fixTo(n, func(written string) string {
		if q := written[:1]; q == "'" || q == `"` {
			return q + word + q
		}
		var read any
		if yaml.Unmarshal([]byte(word), &read) != nil || read != word {
			return "'" + word + "'" // avro.codec: 'null'
		}
		return word
	})
}

// list notes that a value is to be the only one of a list.
func (w *shapes) list(n *yaml.Node) {
	w.fixTo(n, func(written string) string { return "[" + element(written) + "]" })
}

// element is a value as it is written in a list. There some characters have a meaning
// that they do not have elsewhere.
func element(written string) string {
	if strings.ContainsAny(written, ",[]{}") && written[:1] != "'" && written[:1] != `"` {
		return "'" + strings.ReplaceAll(written, "'", "''") + "'"
	}
	return written
}

// unquote notes that a number, or true and false, are not to be in quotes. into tells
// what is wanted.
func (w *shapes) unquote(n *yaml.Node, into any) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && yaml.Unmarshal([]byte(n.Value), into) == nil {
		w.fixTo(n, func(string) string { return n.Value })
	}
}

// fixTo notes a change of how a value is written. What the command line sets stands in
// no file.
func (w *shapes) fixTo(n *yaml.Node, write func(written string) string) {
	if at := w.file.Place(n); at.Set == "" && n.Value != "" {
		w.fixes = append(w.fixes, placedFix{w.file.Path, at, n.Value, write})
	}
}

// Fixed returns the text of a request with what is wrong mended where that is one word, and
// words as the reference spells them; and which lines these are. A change after which
// lint would say as much as before, or more, is left out, but for spelling, after which
// it says the same.
func Fixed(q Request) (text []byte, words int, err error) {
	text = q.Text
	tried := map[yamlfile.Place]bool{}
	best, err := ReadConfig(q)
	if err != nil {
		return nil, 0, err
	}
	for {
		i := slices.IndexFunc(best.fixes, func(f placedFix) bool { return f.file == q.Main && !tried[f.place] })
		if i < 0 {
			return text, words, nil
		}
		one := best.fixes[i]
		tried[one.place] = true
		changed, read, err := one.attempt(q, text)
		if err != nil {
			return nil, 0, err
		}
		n := 1
		if read != nil && !better(best, read) { // the right name may show that the value is wrong too
			if j := slices.IndexFunc(read.fixes, func(f placedFix) bool { return f.file == q.Main && f.place.Line == one.place.Line }); j >= 0 {
				if changed, read, err = read.fixes[j].attempt(q, changed); err != nil {
					return nil, 0, err
				}
				n = 2
			}
		}
		if read != nil && better(best, read) {
			text, best, words = changed, read, words+n
		}
	}
}

// attempt changes a text and reads it. There is no reading where nothing was changed.
func (f *placedFix) attempt(q Request, text []byte) ([]byte, *Reading, error) {
	changed, ok := f.apply(text)
	if !ok {
		return text, nil, nil // the word is that of a variable
	}
	q.Text = changed
	read, err := ReadConfig(q)
	return changed, read, err
}

// better reports whether a change is one for the better, or of spelling alone. A file
// that can no longer be read hides what else is wrong.
func better(before, after *Reading) bool {
	if after.unreadable() > before.unreadable() {
		return false
	}
	mistakes, doubts := len(after.Mistakes())-len(before.Mistakes()), len(after.Doubts())-len(before.Doubts())
	if mistakes != 0 || doubts != 0 {
		return mistakes < 0 || mistakes == 0 && doubts < 0
	}
	same := func(a, b Finding) bool { return a.Message() == b.Message() && a.Line == b.Line }
	return slices.EqualFunc(before.Findings, after.Findings, same)
}

// unreadable counts what is no YAML.
func (r *Reading) unreadable() int {
	n := 0
	for _, f := range r.files {
		n += len(f.Problems)
	}
	return n
}

// apply changes a text, if what stands there is what was found: the tree is that of the
// file with its variables replaced.
func (f *placedFix) apply(text []byte) ([]byte, bool) {
	lines := strings.Split(string(text), "\n")
	if f.place.Line < 1 || f.place.Line > len(lines) {
		return nil, false
	}
	old := lines[f.place.Line-1]
	runes := []rune(old)
	if f.place.Column < 1 || f.place.Column > len(runes) {
		return nil, false
	}
	before, rest := string(runes[:f.place.Column-1]), string(runes[f.place.Column-1:])
	for _, written := range []string{"'" + f.value + "'", `"` + f.value + `"`, f.value} {
		after, ok := strings.CutPrefix(rest, written)
		if !ok || after != "" && !strings.ContainsAny(after[:1], " \t\r:,]}") {
			continue
		}
		changed := before + f.write(written) + after
		lines[f.place.Line-1] = changed
		return []byte(strings.Join(lines, "\n")), changed != old
	}
	return nil, false
}
