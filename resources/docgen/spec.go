package main

import (
	"encoding/json"
	"regexp"
	"strings"
)

// spec is the part of a component's specification that the pages need, in the
// form in which Benthos prints it as JSON.
type spec struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"` // input or output
	Summary     string    `json:"summary"`
	Description string    `json:"description"`
	Examples    []example `json:"examples"`
	Config      field     `json:"config"`
}

type example struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
	Config  string `json:"config"`
}

type field struct {
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
	Children     []field           `json:"children"`
}

// Kinds of fields, as Benthos calls them; anything else is a plain value.
const (
	kindMap   = "map"
	kindArray = "array"
	kind2D    = "2darray"
)

// required reports whether a configuration must give the field. Benthos itself
// decides by the same rule: no default, not optional, and for an object without
// a default of its own, a required child.
func (f field) required() bool {
	if f.IsOptional || f.Default != nil || f.IsDeprecated {
		return false
	}
	if f.Kind == kindMap || f.Kind == kindArray || f.Kind == kind2D || len(f.Children) == 0 {
		return true
	}
	for _, c := range f.Children {
		if c.required() {
			return true
		}
	}
	return false
}

// path is where the field is found below the output.
func (f field) path(parent string) string { return join(parent, f.Name) }

// below is the path of the field's children.
func (f field) below(parent string) string {
	p := f.path(parent)
	switch f.Kind {
	case kindArray:
		return p + "[]"
	case kind2D:
		return p + "[][]"
	case kindMap:
		return p + ".<name>"
	}
	return p
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// options are the values of an enumeration; the explanation may be empty.
func (f field) options() [][2]string {
	if len(f.Annotated) > 0 {
		return f.Annotated
	}
	var out [][2]string
	for _, o := range f.Options {
		out = append(out, [2]string{o, ""})
	}
	return out
}

// walk calls fn for every field that is not deprecated, parents first.
func walk(parent string, fields []field, advanced bool, fn func(path string, f field, advanced bool)) {
	for _, f := range fields {
		if f.IsDeprecated {
			continue
		}
		adv := advanced || f.IsAdvanced
		fn(f.path(parent), f, adv)
		walk(f.below(parent), f.Children, adv, fn)
	}
}

// undescribed lists the fields that say nothing about themselves.
func undescribed(parent string, fields []field) []string {
	var out []string
	walk(parent, fields, false, func(path string, f field, _ bool) {
		if strings.TrimSpace(f.Description) == "" {
			out = append(out, path)
		}
	})
	return out
}

// reference matches the cross references of the framework's own descriptions.
var reference = regexp.MustCompile(`xref:[^\[\s]*\[([^\]]*)\]`)

// plain is a description without what only the framework's website resolves.
func plain(text string) string {
	return strings.TrimSpace(reference.ReplaceAllString(text, "$1"))
}
