package partition

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// form is the way in which a piece of an expression is answered.
type form uint8

const (
	formLiteral  form = iota
	formJSON          // json("a.b"): numbers normalised
	formThis          // this.a.b: numbers digit for digit
	formMeta          // meta("x"): metadata as a string
	formMetadata      // metadata("x") and @x: metadata as a value
)

// piece is a literal or one simple query.
type piece struct {
	form form
	text string   // the literal or the metadata key
	path []string // of the JSON forms
	slot int      // of the path in the lookup
}

// expression is a configured value: simple pieces, or what only Bloblang can
// evaluate.
type expression struct {
	pieces []piece
	slow   *service.InterpolatedString
	index  int // of the slow expression in Pass.executors
}

// blank reports whether an expression is text without a single character.
func (e *expression) blank() bool {
	return e.slow == nil && (len(e.pieces) == 0 || len(e.pieces) == 1 && e.pieces[0].form == formLiteral && e.pieces[0].text == "")
}

// simpleQuery matches the query forms that need no Bloblang, and simple
// matches one of them as an interpolation at the start of a text. Quoted names
// with escapes are left to Bloblang.
var (
	simpleQuery = `(?:(json|meta|metadata)\("([^"\\\n]+)"\)|@([A-Za-z0-9_]+)|@"([^"\\\n]+)"|this((?:\.(?:[A-Za-z0-9_]+|"[^"\\\n]+"))+))`
	simple      = regexp.MustCompile(`^\$\{![ \t]*` + simpleQuery + `[ \t]*\}`)
	bareQuery   = regexp.MustCompile(`^` + simpleQuery + `$`)
	thisSegment = regexp.MustCompile(`\.([A-Za-z0-9_]+|"[^"\\\n]+")`)
)

// parseExpression reads an interpolated string. Bloblang always has the last
// word on whether it is valid.
func parseExpression(text string) (expression, error) {
	interpolated, err := service.NewInterpolatedString(text)
	if err != nil {
		return expression{}, err
	}
	if err := checkPaths(text); err != nil {
		return expression{}, err
	}
	if static, ok := interpolated.Static(); ok {
		return expression{pieces: []piece{{form: formLiteral, text: static}}}, nil
	}
	if pieces, ok := simplePieces(text); ok {
		return expression{pieces: pieces}, nil
	}
	return expression{slow: interpolated}, nil
}

func simplePieces(text string) ([]piece, bool) {
	if strings.Contains(text, "${{!") {
		return nil, false
	}
	var pieces []piece
	for text != "" {
		open := strings.Index(text, "${!")
		if open < 0 {
			open = len(text)
		}
		if open > 0 {
			pieces = append(pieces, piece{form: formLiteral, text: text[:open]})
			text = text[open:]
			continue
		}
		match := simple.FindStringSubmatch(text)
		if match == nil {
			return nil, false
		}
		p, ok := simplePiece(match)
		if !ok {
			return nil, false
		}
		pieces = append(pieces, p)
		text = text[len(match[0]):]
	}
	return pieces, true
}

// simplePiece builds a piece from a match of simpleQuery: function, its
// argument, @name, @"name", path behind this.
func simplePiece(match []string) (piece, bool) {
	switch {
	case match[1] == "json":
		path := dotPath(match[2])
		return piece{form: formJSON, path: path}, !wild(path)
	case match[1] == "meta":
		return piece{form: formMeta, text: match[2]}, true
	case match[5] != "":
		var path []string
		for _, segment := range thisSegment.FindAllStringSubmatch(match[5], -1) {
			path = append(path, strings.Trim(segment[1], `"`))
		}
		return piece{form: formThis, path: path}, !wild(path)
	default: // metadata("x"), @x, @"x": exactly one of them matched
		return piece{form: formMetadata, text: match[2] + match[3] + match[4]}, true
	}
}

// pathArgument matches the dot paths that Bloblang takes as arguments.
var pathArgument = regexp.MustCompile(`\b(?:json|get|exists)\([ \t]*(?:path:[ \t]*)?"([^"\\\n]*)"[ \t]*\)`)

// checkPaths refuses an expression with a path that no record has.
func checkPaths(text string) error {
	_, queries, _ := strings.Cut(text, "${!")
	for _, match := range pathArgument.FindAllStringSubmatch(queries, -1) {
		if match[1] == "" { // the whole record
			continue
		}
		if err := checkPath(match[1]); err != nil {
			return err
		}
	}
	return nil
}

// checkPath refuses a path with an empty segment, such as a..b, .a or a., which
// only a field without a name would match.
func checkPath(path string) error {
	if slices.Contains(dotPath(path), "") {
		return fmt.Errorf("the path %q has an empty segment: remove the dot that is too many", path)
	}
	return nil
}

var unescapeSegment = strings.NewReplacer("~1", ".", "~0", "~")

// dotPath splits a path as Bloblang does: ~1 stands for a dot in a name and ~0
// for a tilde.
func dotPath(path string) []string {
	segments := strings.Split(path, ".")
	for i, s := range segments {
		segments[i] = unescapeSegment.Replace(s)
	}
	return segments
}

// wild reports whether a path may select several elements of an array.
func wild(path []string) bool {
	return slices.Contains(path, "*")
}

// parseDateField reads the date_field setting; Config says what it accepts.
func parseDateField(field string) (expression, error) {
	if strings.Contains(field, "${!") {
		return parseExpression(field)
	}
	if match := bareQuery.FindStringSubmatch(field); match != nil {
		if err := checkPaths("${!" + field); err != nil {
			return expression{}, err
		}
		if p, ok := simplePiece(match); ok {
			return expression{pieces: []piece{p}}, nil
		}
	}
	if err := checkPath(field); err != nil {
		return expression{}, err
	}
	path := dotPath(field)
	if wild(path) {
		return expression{}, errors.New("a path with * has no single date: write the path of one field")
	}
	if strings.Contains(field, "(") {
		return expression{}, fmt.Errorf("%q is not a dot path: write a Bloblang expression as ${! %s }", field, field)
	}
	return expression{pieces: []piece{{form: formThis, path: path}}}, nil
}
