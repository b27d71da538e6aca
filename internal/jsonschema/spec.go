package jsonschema

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Spec is the part of a component's specification that pages and schemas need, in the
// form in which Benthos prints it as JSON.
type Spec struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"` // input, output or scanner
	Status      string    `json:"status"`
	Summary     string    `json:"summary"`
	Description string    `json:"description"`
	Examples    []Example `json:"examples"`
	Config      Field     `json:"config"`
}

// Example is a configuration that the specification shows.
type Example struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
	Config  string `json:"config"`
}

// Field is a setting.
type Field struct {
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Kind         string            `json:"kind"`
	Description  string            `json:"description"`
	IsAdvanced   bool              `json:"is_advanced"`
	IsDeprecated bool              `json:"is_deprecated"`
	IsOptional   bool              `json:"is_optional"`
	IsSecret     bool              `json:"is_secret"`
	Interpolated bool              `json:"interpolated"`
	Bloblang     bool              `json:"bloblang"`
	Default      json.RawMessage   `json:"default"`
	Examples     []json.RawMessage `json:"examples"`
	Options      []string          `json:"options"`
	Annotated    [][2]string       `json:"annotated_options"`
	Children     []Field           `json:"children"`
	Linter       string            `json:"linter"`

	judged bool // by this program
}

// Kinds of fields, as Benthos calls them; anything else is a plain value.
const (
	KindMap   = "map"
	KindArray = "array"
	Kind2D    = "2darray"
)

// Required reports whether a configuration must give the field. Benthos itself
// decides by the same rule: no default, not optional, and for an object without
// a default of its own, a required child.
func (f Field) Required() bool {
	if f.IsOptional || f.Default != nil || f.IsDeprecated {
		return false
	}
	if f.Kind == KindMap || f.Kind == KindArray || f.Kind == Kind2D || len(f.Children) == 0 {
		return true
	}
	for _, c := range f.Children {
		if c.Required() {
			return true
		}
	}
	return false
}

// Judged reports whether lint refuses what is none of the choices.
func (f Field) Judged() bool {
	return f.judged || strings.Contains(f.Linter, "is not a valid option")
}

// Choices are the values of an enumeration; the explanation may be empty.
func (f Field) Choices() [][2]string {
	if len(f.Annotated) > 0 {
		return f.Annotated
	}
	var out [][2]string
	for _, o := range f.Options {
		out = append(out, [2]string{o, ""})
	}
	return out
}

// reference matches the cross references of the framework's own descriptions.
var reference = regexp.MustCompile(`xref:[^\[\s]*\[([^\]]*)\]`)

// Plain is a description without what only the framework's website resolves.
func Plain(text string) string {
	return strings.TrimSpace(reference.ReplaceAllString(text, "$1"))
}
