package docsrun

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// widest is where lines of a transcript are cut.
	widest = 116
	// shown is how many lines of a long list are shown.
	shown = 9
)

// Transcript shortens what a program printed for a picture: long lists and
// long lines are cut, and say so.
func Transcript(text string) []string {
	var lines []string
	inBlock := 0
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, " ") {
			inBlock = 0
		}
		inBlock++
		switch {
		case inBlock > shown+1 && lines[len(lines)-1] == "  …":
			continue
		case inBlock > shown+1:
			line = "  …"
		case utf8.RuneCountInString(line) > widest:
			line = string([]rune(line)[:widest-1]) + "…"
		}
		lines = append(lines, line)
	}
	return lines
}

// colours of the picture, by what a line is.
var colours = []struct {
	match  *regexp.Regexp
	colour string
	bold   bool
}{
	{regexp.MustCompile(`^\$ `), "#7ee787", true},
	{regexp.MustCompile(`^\S`), "#f0f6fc", true},
	{regexp.MustCompile(`^  \S+/$`), "#79c0ff", false},
	{regexp.MustCompile(`^  [├└]`), "#c9d1d9", false},
	{regexp.MustCompile(`^  healthy`), "#7ee787", false},
	{regexp.MustCompile(`^  (reading|expected)`), "#e3b341", false},
	{regexp.MustCompile(``), "#8b949e", false},
}

const (
	lineHeight = 17
	charWidth  = 783 // hundredths
	margin     = 16
)

// SVG draws lines as a terminal would show them.
func SVG(lines []string) string {
	var b strings.Builder
	width, height := widest*charWidth/100+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="What make demo prints">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#0d1117"/>`+"\n", width, height)
	b.WriteString(`<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" xml:space="preserve">` + "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, c := range colours {
			if !c.match.MatchString(line) {
				continue
			}
			weight := ""
			if c.bold {
				weight = ` font-weight="bold"`
			}
			fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s"%s>`, margin, margin+12+i*lineHeight, c.colour, weight)
			_ = xml.EscapeText(&b, []byte(line))
			b.WriteString("</text>\n")
			break
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// LinesOf reads the lines of a picture.
func LinesOf(svg string) ([]string, error) {
	var lines []string
	var text struct {
		Value string `xml:",chardata"`
	}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the picture: %w", err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			if err := decoder.DecodeElement(&text, &start); err != nil {
				return nil, fmt.Errorf("reading the picture: %w", err)
			}
			lines = append(lines, text.Value)
		}
	}
}

var (
	identifiers = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	numbers     = regexp.MustCompile(`[0-9][0-9.,]*`)
	spaces      = regexp.MustCompile(` +`)
)

// Masked replaces what differs from run to run: numbers, identifiers, and the
// space that they take.
func Masked(line string) string {
	line = identifiers.ReplaceAllString(line, "ID")
	line = numbers.ReplaceAllString(line, "N")
	return spaces.ReplaceAllString(strings.TrimSuffix(line, "…"), " ")
}
