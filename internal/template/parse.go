package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is one piece of a template: literal text or a placeholder.
type part struct {
	kind kind
	text string // the literal, or the placeholder's name
	slot int    // a variable's position in Values.Variables
}

// parse splits a template into its parts. It reports every mistake it finds,
// so that one round of editing is enough.
func parse(text string, variables []string) ([]part, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the template is not valid UTF-8: save the file as UTF-8")
	}
	if strings.Contains(text, "${!") {
		return nil, errors.New("interpolations such as ${! ... } do not work here: " +
			"write the expression under variables, with a name, and {{name}} here")
	}
	var parts []part
	var errs []error
	for rest := text; rest != ""; {
		open := strings.Index(rest, "{{")
		if open != 0 {
			literal := rest
			if open > 0 {
				literal = rest[:open]
			}
			if err := checkLiteral(literal); err != nil {
				errs = append(errs, err)
			}
			parts = append(parts, part{kind: kindLiteral, text: literal})
			rest = rest[len(literal):]
			continue
		}
		end := strings.Index(rest, "}}")
		if end < 0 {
			errs = append(errs, fmt.Errorf("%q is never closed: write }} behind the name", rest))
			break
		}
		p, err := placeholder(rest[2:end], variables)
		if err != nil {
			errs = append(errs, err)
		}
		parts = append(parts, p)
		rest = rest[end+2:]
	}
	return parts, errors.Join(errs...)
}

func placeholder(inner string, variables []string) (part, error) {
	name := strings.TrimSpace(inner)
	if name == "" {
		return part{}, errors.New("{{}} names no placeholder: write a name such as {{uuid}}")
	}
	if open, _, nested := strings.Cut(inner, "{{"); nested {
		return part{}, fmt.Errorf("%q is never closed: write }} behind the name", "{{"+open)
	}
	if k, ok := builtins[name]; ok {
		return part{kind: k, text: name}, nil
	}
	if slices.Contains(variables, name) {
		return part{kind: kindVariable, text: name}, nil
	}
	return part{}, unknownName(name, variables)
}

func checkLiteral(text string) error {
	if strings.Contains(text, "}}") {
		return fmt.Errorf("%q closes a placeholder that was never opened: write {{ before the name", text)
	}
	for _, r := range text {
		switch {
		case r == '\\':
			return fmt.Errorf("%q contains a backslash: write / between folders", text)
		case unicode.IsControl(r), r == 0xFFFE, r == 0xFFFF:
			return fmt.Errorf("%q contains the control character %U: remove it", text, r)
		}
	}
	return nil
}

// checkVariables refuses variable names that could never be written in a
// template or that would hide a built-in.
func checkVariables(names []string) error {
	var errs []error
	for _, name := range names {
		if _, ok := builtins[name]; ok {
			errs = append(errs, fmt.Errorf("variables.%[1]s: %[1]q is the name of a built-in placeholder: write another name", name))
		} else if name == "" || strings.ContainsFunc(name, notInName) {
			errs = append(errs, fmt.Errorf("variables: %q is no name: write letters, digits, '_', '-' and '.'", name))
		}
	}
	return errors.Join(errs...)
}

func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r)
}

// checkSegments refuses folders that S3 tools cannot walk: empty and dot
// segments that the template itself spells out.
func checkSegments(parts []part) error {
	var shape strings.Builder
	for _, p := range parts {
		if p.kind == kindLiteral {
			shape.WriteString(p.text)
			continue
		}
		shape.WriteString("\x00") // stands for any non-empty text
	}
	for segment := range strings.SplitSeq(shape.String(), "/") {
		switch segment {
		case "":
			return errors.New("an empty path segment (//) is not allowed: write a single /")
		case ".", "..":
			return fmt.Errorf("the path segment %q is not allowed: remove it, keys are no paths of a file system", segment)
		}
	}
	return nil
}

// checkChunkID refuses a {{chunk_id}} that has a variable on both sides in one
// path segment, and a {{source_range}} likewise: see the package comment on
// distinct keys.
func checkChunkID(parts []part) error {
	var variable bool
	var imitable string
	for _, p := range parts {
		switch p.kind {
		case kindLiteral:
			if strings.Contains(p.text, "/") {
				variable, imitable = false, ""
			}
		case kindVariable:
			if imitable != "" {
				return fmt.Errorf("{{%s}} stands between two variables, where a value could imitate it: "+
					"move {{%s}} behind {{%s}}", imitable, imitable, p.text)
			}
			variable = true
		case kindChunkID, kindSourceRange:
			if variable {
				imitable = p.text
			}
		default: // the clock and the uuid cannot be imitated
		}
	}
	return nil
}
