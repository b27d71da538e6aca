package yamlfile

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// Variable is an environment variable that has no value.
type Variable struct {
	Name string
	Place
	// Setting is the key of its line.
	Setting string
}

// The forms that Benthos replaces: internal/config/env_vars.go there. A test
// compares the two.
var (
	variable        = regexp.MustCompile(`\${[0-9A-Za-z_.]+(:((\${[^}]+})|[^}])*)?(?:\|[0-9A-Za-z]+)?}`)
	escapedVariable = regexp.MustCompile(`\${({[0-9A-Za-z_.]+(:((\${[^}]+})|[^}])*)?})}`)
)

// replaceVariables puts the values of environment variables in their places,
// and notes those that have none.
func (f *File) replaceVariables(text []byte, lookup func(string) (string, bool)) []byte {
	var out bytes.Buffer
	last := 0
	for _, at := range variable.FindAllIndex(text, -1) {
		out.Write(text[last:at[0]])
		last = at[1]
		out.WriteString(f.replacement(text, at[0], at[1], lookup))
	}
	out.Write(text[last:])
	return escapedVariable.ReplaceAll(out.Bytes(), []byte("$$$1"))
}

// replacement is the value of the expression text[from:to].
func (f *File) replacement(text []byte, from, to int, lookup func(string) (string, bool)) string {
	name, otherwise, hasDefault := strings.Cut(string(text[from+2:to-1]), ":")
	decoder := ""
	if last := &name; true {
		if hasDefault {
			last = &otherwise
		}
		if i := strings.LastIndexByte(*last, '|'); i >= 0 {
			*last, decoder = (*last)[:i], (*last)[i+1:]
		}
	}
	value, set := lookup(name)
	if value == "" && hasDefault {
		value = otherwise
	}
	if !set && !hasDefault {
		f.Unset = append(f.Unset, Variable{Name: name, Place: placeOf(text, from), Setting: settingOf(text, from)})
	}
	decoded, err := decode(decoder, value)
	if err != nil {
		f.Problems = append(f.Problems, Problem{Place: placeOf(text, from), Setting: settingOf(text, from), Text: fmt.Sprintf("%q %v", text[from:to], err)})
	}
	return strings.ReplaceAll(decoded, "\n", "\\n")
}

func decode(decoder, value string) (string, error) {
	switch decoder {
	case "":
		return value, nil
	case "base64decode":
		text, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return "", fmt.Errorf("is not Base64: encode the value of the variable (%w)", err)
		}
		return string(text), nil
	}
	return value, fmt.Errorf("has the unknown decoder %q: write |base64decode, or nothing", decoder)
}

// placeOf is the place of an offset.
func placeOf(text []byte, offset int) Place {
	return Place{
		Line:   bytes.Count(text[:offset], []byte("\n")) + 1,
		Column: offset - bytes.LastIndexByte(text[:offset], '\n'),
	}
}

var lastKey = regexp.MustCompile(`([A-Za-z0-9_.-]+)\s*:[^:]*$`)

// settingOf is the key before an offset, in its line.
func settingOf(text []byte, offset int) string {
	begin := bytes.LastIndexByte(text[:offset], '\n') + 1
	if m := lastKey.FindSubmatch(text[begin:offset]); m != nil {
		return string(m[1])
	}
	return strings.TrimSpace(string(text[begin:offset]))
}
