package main

import (
	"strings"

	"github.com/s3-destination/s3-destination/internal/jsonschema"
)

type (
	spec  = jsonschema.Spec
	field = jsonschema.Field
)

// path is where the field is found below the output.
func path(f field, parent string) string { return join(parent, f.Name) }

// below is the path of the field's children.
func below(f field, parent string) string {
	p := path(f, parent)
	switch f.Kind {
	case jsonschema.KindArray:
		return p + "[]"
	case jsonschema.Kind2D:
		return p + "[][]"
	case jsonschema.KindMap:
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

// walk calls fn for every field that is not deprecated, parents first.
func walk(parent string, fields []field, advanced bool, fn func(at string, f field, advanced bool)) {
	for _, f := range fields {
		if f.IsDeprecated {
			continue
		}
		adv := advanced || f.IsAdvanced
		fn(path(f, parent), f, adv)
		walk(below(f, parent), f.Children, adv, fn)
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
