package main

import (
	"bytes"
	"encoding/json"
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
		key, err := text(m.key)
		if err != nil {
			return nil, err
		}
		value, err := text(m.value)
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

// text marshals without the escapes that are for HTML only.
func text(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func (o *object) set(key string, value any) { *o = append(*o, member{key, value}) }

// schemaOf describes what may stand below the name of the output. It knows
// shapes and enumerations; the rules between fields are for lint.
func schemaOf(s spec) ([]byte, error) {
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", s.Name},
		{"description", s.Summary},
	}
	root = append(root, objectSchema(s.Config.Children)...)
	root.set("$defs", object{{"environment", object{
		{"description", "An environment variable, ${NAME} or ${NAME:default}, takes the place of any value."},
		{"type", "string"},
		{"pattern", `\$\{[0-9A-Za-z_.]+(:.*)?\}`},
	}}})
	compact, err := text(root)
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

func objectSchema(fields []field) object {
	properties, required := object{}, []string{}
	for _, f := range fields {
		properties.set(f.Name, fieldSchema(f))
		if f.required() {
			required = append(required, f.Name)
		}
	}
	o := object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
	if len(required) > 0 {
		o.set("required", required)
	}
	return o
}

func fieldSchema(f field) object {
	one := valueSchema(f)
	switch f.Kind {
	case kindMap:
		one = object{{"type", "object"}, {"additionalProperties", one}}
	case kindArray:
		one = object{{"type", "array"}, {"items", one}}
	case kind2D:
		one = object{{"type", "array"}, {"items", object{{"type", "array"}, {"items", one}}}}
	}
	o := object{{"description", plain(f.Description)}}
	o = append(o, one...)
	if f.Default != nil {
		o.set("default", f.Default)
	}
	if len(f.Examples) > 0 {
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

var environment = object{{"$ref", "#/$defs/environment"}}

// valueSchema describes one value, without regard to lists and maps of them.
func valueSchema(f field) object {
	orEnvironment := func(o object) object { return object{{"anyOf", []object{o, environment}}} }
	if len(f.Children) > 0 {
		return objectSchema(f.Children)
	}
	if options := f.options(); len(options) > 0 {
		values := make([]string, len(options))
		for i, o := range options {
			values[i] = o[0]
		}
		return orEnvironment(object{{"enum", values}})
	}
	switch f.Type {
	case "string":
		return object{{"type", []string{"string", "number", "boolean"}}} // scalars that become text
	case "int":
		return orEnvironment(object{{"type", "integer"}})
	case "float":
		return orEnvironment(object{{"type", "number"}})
	case "bool":
		return orEnvironment(object{{"type", "boolean"}})
	case "object":
		return object{{"type", "object"}}
	default: // another component, or anything at all
		return object{}
	}
}
