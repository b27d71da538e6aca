// Package jsonschema writes JSON schemas of components and of whole pipelines, by which
// editors complete and check a file of YAML. It reads the specifications that Benthos
// prints.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := Text(m.key)
		if err != nil {
			return nil, err
		}
		value, err := Text(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Text marshals without the escapes that are for HTML only.
func Text(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func (o *object) set(key string, value any) { *o = append(*o, member{key, value}) }

// Of describes what may stand below the name of the output. It knows
// shapes and enumerations; the rules between fields are for lint.
func Of(s *Spec) ([]byte, error) {
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", s.Name},
		{"description", s.Summary},
	}
	root = append(root, writer{}.object(s.Config.Children)...)
	root.set("$defs", object{variable})
	return printed(root)
}

// variable is the schema that stands for an environment variable.
var variable = member{"environment", object{
	{"description", "An environment variable, ${NAME} or ${NAME:default}, either with |base64decode at its end, takes the place of any value."},
	{"type", "string"},
	{"pattern", `\$\{[0-9A-Za-z_.]+(:.*)?(\|[0-9A-Za-z]+)?\}`},
}}

func printed(root object) ([]byte, error) {
	compact, err := Text(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// writer writes the schemas of settings.
type writer struct {
	// whole means that other components have schemas too, and that descriptions are cut
	// to what an editor shows at once.
	whole bool
}

func (w writer) object(fields []Field) object {
	properties, required := object{}, []string{}
	for _, f := range fields {
		properties.set(f.Name, w.field(&f))
		if f.Required() {
			required = append(required, f.Name)
		}
	}
	o := object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
	if len(required) > 0 {
		o.set("required", required)
	}
	return o
}

func (w writer) field(f *Field) object {
	one := w.value(f)
	switch f.Kind {
	case KindMap:
		one = orEnvironment(object{{"type", "object"}, {"additionalProperties", one}})
	case KindArray:
		one = list(one)
	case Kind2D:
		one = list(list(one))
	}
	o := append(object{{"description", w.description(f.Description)}}, one...)
	if f.Default != nil {
		o.set("default", f.Default)
	}
	if len(f.Examples) > 0 && !w.whole {
		o.set("examples", f.Examples)
	}
	if f.IsDeprecated {
		o.set("deprecated", true)
	}
	if f.IsSecret {
		o.set("writeOnly", true)
	}
	return o
}

// orEnvironment is a schema, or an environment variable in its place.
func orEnvironment(o object) object {
	return object{{"anyOf", []object{o, {{"$ref", "#/$defs/environment"}}}}}
}

func list(items object) object {
	return orEnvironment(object{{"type", "array"}, {"items", items}})
}

// description is what is said of a setting or a component.
func (w writer) description(text string) string {
	text = Plain(text)
	if w.whole {
		text, _, _ = strings.Cut(text, "\n")
	}
	return text
}

// value describes one value, without regard to lists and maps of them.
func (w writer) value(f *Field) object {
	if len(f.Children) > 0 {
		return orEnvironment(w.object(f.Children))
	}
	if len(f.Choices()) > 0 {
		return words(f)
	}
	switch f.Type {
	case "string":
		return scalar
	case "int":
		return orEnvironment(object{{"type", "integer"}})
	case "float":
		return orEnvironment(object{{"type", "number"}})
	case "bool":
		return orEnvironment(object{{"type", "boolean"}})
	case "object":
		return orEnvironment(object{{"type", "object"}})
	}
	if w.whole && slices.Contains(kinds, f.Type) {
		return object{{"$ref", "#/$defs/" + f.Type}}
	}
	return object{} // another component, or anything at all
}

// scalar is what becomes text.
var scalar = object{{"type", []string{"string", "number", "boolean"}}}

// words describes a value that is one of several, in letters of any case. Where lint does
// not judge it they are proposals: some of them stand for many, as delim:x does.
func words(f *Field) object {
	var all, patterns []string
	for _, choice := range f.Choices() {
		all = append(all, choice[0])
		patterns = append(patterns, anyCase(choice[0]))
	}
	if !f.Judged() {
		return object{{"anyOf", []object{{{"enum", all}}, scalar}}}
	}
	pattern := "^(" + strings.Join(patterns, "|") + ")$"
	return object{{"anyOf", []object{{{"enum", all}}, {{"type", "string"}, {"pattern", pattern}}, {{"$ref", "#/$defs/environment"}}}}}
}

// anyCase is a regular expression for a word, which is ASCII. JSON schemas have no flags.
func anyCase(word string) string {
	var b strings.Builder
	for _, r := range word {
		lower, upper := strings.ToLower(string(r)), strings.ToUpper(string(r))
		if lower == upper {
			b.WriteString(regexp.QuoteMeta(lower))
		} else {
			b.WriteString("[" + upper + lower + "]")
		}
	}
	return b.String()
}
