package docscheck

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence is one sentence of the prose of a page.
type Sentence struct {
	// Line is the line of the page on which the paragraph begins that it is in.
	Line int
	// Text is the sentence as a reader hears it: of links their text, and a word
	// in place of each code span.
	Text string
}

// Words counts the words of a sentence. Dashes and other marks are none, and a
// code span is one, however much is in it.
func (s Sentence) Words() int {
	n := 0
	for _, word := range strings.Fields(s.Text) {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// aCodeSpan stands for a code span. It begins with a capital letter because a
// sentence may begin with code.
const aCodeSpan = "Code"

var (
	codeSpan = regexp.MustCompile("``.+?``|`[^`]+`")
	link     = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	emphasis = regexp.MustCompile(`\*+`)
	item     = regexp.MustCompile(`^(?:[-*+]|\d+\.)\s+`)
	comment  = regexp.MustCompile(`(?s)<!--.*?-->`)
	// theEnd is where a sentence may end: after a full stop, a question mark or an
	// exclamation mark, with what closes behind it.
	theEnd = regexp.MustCompile(`[.!?]["”')\]]*\s+`)
)

// abbreviations end in a full stop that ends no sentence.
var abbreviations = []string{"e.g.", "i.e.", "vs.", "cf.", "approx."}

// Sentences returns the sentences of the paragraphs and lists of a page, in
// order. Fences, tables, headings and comments have none. A sentence ends at a
// full stop, a question mark or an exclamation mark before white space and
// anything but a small letter, and at the end of its paragraph or list item.
// Colons and semicolons do not end it.
func Sentences(page string) []Sentence {
	var all []Sentence
	for _, p := range paragraphs(page) {
		text := codeSpan.ReplaceAllString(p.Text, aCodeSpan)
		text = emphasis.ReplaceAllString(link.ReplaceAllString(text, "$1"), "")
		for _, s := range split(text) {
			all = append(all, Sentence{Line: p.Line, Text: s})
		}
	}
	return all
}

// paragraphs are the paragraphs and list items of a page, each on one line.
func paragraphs(page string) []Sentence {
	page = comment.ReplaceAllStringFunc(page, func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
	var all []Sentence
	var lines []string
	begin, fenced := 0, false
	end := func() {
		if len(lines) > 0 {
			all = append(all, Sentence{Line: begin, Text: strings.Join(lines, " ")})
		}
		lines = nil
	}
	for i, line := range strings.Split(page, "\n") {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), ">"))
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			end()
			continue
		}
		if fenced {
			continue
		}
		if line == "" || line[0] == '|' || line[0] == '#' {
			end()
			continue
		}
		if bullet := item.FindString(line); bullet != "" {
			end()
			line = line[len(bullet):]
		}
		if len(lines) == 0 {
			begin = i + 1
		}
		lines = append(lines, line)
	}
	end()
	return all
}

func split(text string) []string {
	var all []string
	begin := 0
	for _, at := range theEnd.FindAllStringIndex(text, -1) {
		next, _ := utf8.DecodeRuneInString(text[at[1]:])
		words := strings.Fields(text[begin:at[1]])
		if unicode.IsLower(next) || at[1] == len(text) || abbreviated(words[len(words)-1]) {
			continue
		}
		all = append(all, strings.TrimSpace(text[begin:at[1]]))
		begin = at[1]
	}
	return append(all, strings.TrimSpace(text[begin:]))
}

func abbreviated(word string) bool {
	for _, a := range abbreviations {
		if strings.EqualFold(strings.TrimLeft(word, "(["), a) {
			return true
		}
	}
	return false
}
