package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// AvroName returns a valid Avro name for a field: letters, digits and
// underscores, not beginning with a digit. Names that differ may become equal.
func AvroName(name string) string {
	valid := func(i int, c byte) bool {
		return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || i > 0 && c >= '0' && c <= '9'
	}
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case valid(i, c):
			b.WriteByte(c)
		case i == 0 && c >= '0' && c <= '9':
			b.WriteByte('_')
			b.WriteByte(c)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// The parts of an Avro schema, in the order in which people write them.
type (
	avroRecord struct {
		Type   string      `json:"type"`
		Name   string      `json:"name"`
		Fields []avroField `json:"fields"`
	}
	avroField struct {
		Name     string          `json:"name"`
		Type     any             `json:"type"`
		Default  json.RawMessage `json:"default,omitempty"`
		Aliases  []string        `json:"aliases,omitempty"`
		Original *string         `json:"originalName,omitempty"`
	}
	// avroOption is an avroField whose default is null.
	avroOption struct {
		Name     string   `json:"name"`
		Type     any      `json:"type"`
		Default  any      `json:"default"`
		Aliases  []string `json:"aliases,omitempty"`
		Original *string  `json:"originalName,omitempty"`
	}
	avroLogical struct {
		Type      string `json:"type"`
		Logical   string `json:"logicalType"`
		Precision int    `json:"precision,omitempty"`
		Scale     int    `json:"scale,omitempty"`
	}
	avroFixed struct {
		Type      string `json:"type"`
		Name      string `json:"name"`
		Size      int    `json:"size"`
		Logical   string `json:"logicalType,omitempty"`
		Precision int    `json:"precision,omitempty"`
		Scale     int    `json:"scale,omitempty"`
	}
	avroArray struct {
		Type  string `json:"type"`
		Items any    `json:"items"`
	}
	avroMap struct {
		Type   string `json:"type"`
		Values any    `json:"values"`
	}
)

// MarshalJSON writes the field, with the default null where null comes first.
func (f avroField) MarshalJSON() ([]byte, error) {
	if union, ok := f.Type.([]any); ok {
		return json.Marshal(avroOption{Name: f.Name, Type: union, Aliases: f.Aliases, Original: f.Original})
	}
	type plain avroField
	return json.Marshal(plain(f))
}

// AvroSchema returns the schema as an Avro record of the given name. Strings
// become bytes when binary is set. A field whose name Avro does not allow keeps
// it in the property OriginalName. The other names of merged fields are aliases, as
// far as Avro allows them.
func (s *Schema) AvroSchema(name string, binary bool) ([]byte, error) {
	b := avroBuilder{binary: binary, root: name}
	out, err := json.Marshal(b.record("", s.Fields))
	if err != nil {
		return nil, fmt.Errorf("writing the Avro schema: %w", err)
	}
	return out, nil
}

type avroBuilder struct {
	binary bool
	root   string // the name of the outermost record, which the others begin with
}

func (b *avroBuilder) record(name string, fields []Field) avroRecord {
	r := avroRecord{Type: "record", Name: b.root + name, Fields: make([]avroField, len(fields))}
	for i := range fields {
		f := &fields[i]
		r.Fields[i] = avroField{Name: AvroName(f.ColumnName()), Type: b.option(f), Default: b.defaultValue(f)}
		if r.Fields[i].Name != f.Name {
			r.Fields[i].Original = &f.Name
		}
	}
	for i := range fields {
		r.Fields[i].Aliases = r.aliases(fields[i].Aliases)
	}
	return r
}

// aliases are those of the names that Avro allows and that no field has.
func (r *avroRecord) aliases(names []string) (all []string) {
	for _, name := range names {
		if AvroName(name) == name && !slices.ContainsFunc(r.Fields, func(f avroField) bool { return f.Name == name }) {
			all = append(all, name)
		}
	}
	return all
}

// option returns the type of a field, in a union with null if it is optional.
func (b *avroBuilder) option(f *Field) any {
	t := b.typ(f)
	if f.Optional {
		return []any{"null", t}
	}
	return t
}

func (b *avroBuilder) typ(f *Field) any {
	switch f.Type {
	case Bool:
		return "boolean"
	case Int32:
		return "int"
	case Int64:
		return "long"
	case Float:
		return "float"
	case Double:
		return "double"
	case Bytes:
		if f.Size > 0 {
			return avroFixed{Type: "fixed", Name: b.root + f.Record, Size: f.Size}
		}
		return "bytes"
	case Timestamp:
		if f.Local {
			return avroLogical{Type: "long", Logical: "local-timestamp-micros"}
		}
		return avroLogical{Type: "long", Logical: "timestamp-micros"}
	case Date:
		return avroLogical{Type: "int", Logical: "date"}
	case Time:
		return avroLogical{Type: "long", Logical: "time-micros"}
	case Decimal:
		if f.Size > 0 {
			return avroFixed{Type: "fixed", Name: b.root + f.Record, Size: f.Size, Logical: "decimal", Precision: f.Precision, Scale: f.Scale}
		}
		return avroLogical{Type: "bytes", Logical: "decimal", Precision: f.Precision, Scale: f.Scale}
	case UUID:
		return avroLogical{Type: "string", Logical: "uuid"}
	case Group:
		return b.record(f.Record, f.Fields)
	case List:
		return avroArray{Type: "array", Items: b.option(f.Elem)}
	case Map:
		return avroMap{Type: "map", Values: b.option(f.Elem)}
	case Unknown, String, JSON:
	}
	if b.binary {
		return "bytes"
	}
	return "string"
}
