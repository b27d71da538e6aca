package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/avro"
)

// ParseAvro reads the fields of an Avro schema (.avsc), which must be a record.
func ParseAvro(avsc []byte) ([]Field, error) { return parseAvro(avsc, false) }

// ParseAvroFile is [ParseAvro] for the schema of a file that exists: the name that a
// field has in it is its column, whatever name it has in records.
func ParseAvroFile(avsc []byte) ([]Field, error) { return parseAvro(avsc, true) }

func parseAvro(avsc []byte, columns bool) ([]Field, error) {
	s, err := avro.Parse(string(avsc))
	if err != nil {
		return nil, fmt.Errorf("parsing the Avro schema: %w", err)
	}
	root := rootOf(s.Root())
	if root.Type != "record" {
		return nil, fmt.Errorf("the Avro schema is of type %s, not record", root.Type)
	}
	r := avroReader{columns: columns, named: map[string]*avro.SchemaNode{}, open: map[string]bool{}}
	f, err := r.field(root, "")
	if err != nil {
		return nil, err
	}
	if f.Type != Group {
		return nil, errors.New("the Avro schema has no fields")
	}
	return f.Fields, nil
}

// rootOf takes the root of a schema, which twmb/avro returns as a value before
// 1.8 and by its address since: a program around the plugin has a version of its
// own.
func rootOf(root any) *avro.SchemaNode {
	if n, ok := root.(avro.SchemaNode); ok {
		return &n
	}
	return root.(*avro.SchemaNode)
}

// avroReader converts a schema.
type avroReader struct {
	columns bool                        // the names in the schema are those of columns
	named   map[string]*avro.SchemaNode // by full name, as far as they have been met
	open    map[string]bool             // the records around what is being read
}

// field converts a schema found in a namespace; its name is left to the caller.
func (r *avroReader) field(n *avro.SchemaNode, namespace string) (f Field, err error) {
	switch n.Type {
	case "union":
		return r.union(n, namespace)
	case "record", "error":
		return r.record(n, namespace)
	case "array":
		elem, err := r.field(n.Items, namespace)
		return Field{Type: List, Elem: &elem}, err
	case "enum":
		r.define(n, namespace)
		return Field{Type: String}, nil
	case "fixed":
		r.define(n, namespace)
		return withLogical(Field{Type: Bytes, Size: n.Size}, n)
	case "map":
		values, err := r.field(n.Values, namespace)
		return Field{Type: Map, Elem: &values}, err
	case "null":
		return Field{Type: JSON, Optional: true}, nil
	}
	if t, ok := avroTypes[n.Type]; ok {
		return withLogical(Field{Type: t, Round: true}, n)
	}
	for _, name := range []string{fullName(n.Type, "", namespace), n.Type} {
		if named := r.named[name]; named != nil {
			return r.field(named, namespaceOf(name))
		}
	}
	return f, fmt.Errorf("avro type %s has no column", n.Type)
}

var avroTypes = map[string]Type{
	"boolean": Bool, "int": Int32, "long": Int64, "float": Float,
	"double": Double, "string": String, "bytes": Bytes,
}

// define notes a named type, and returns its full name.
func (r *avroReader) define(n *avro.SchemaNode, namespace string) string {
	name := fullName(n.Name, n.Namespace, namespace)
	r.named[name] = n
	return name
}

// fullName is the name of a type with its namespace, or else that around it.
func fullName(name, own, around string) string {
	switch {
	case strings.Contains(name, "."):
		return name
	case own != "":
		return own + "." + name
	case around != "":
		return around + "." + name
	}
	return name
}

// namespaceOf is a full name without its last part.
func namespaceOf(full string) string {
	return full[:max(strings.LastIndexByte(full, '.'), 0)]
}

func withLogical(f Field, n *avro.SchemaNode) (Field, error) {
	switch n.LogicalType {
	case "uuid":
		f.Type, f.Size = UUID, 0
	case "date":
		f.Type = Date
	case "time-millis":
		f.Type, f.Unit = Time, Millis
	case "time-micros":
		f.Type, f.Unit = Time, Micros
	case "timestamp-millis", "local-timestamp-millis":
		f.Type, f.Unit, f.Local = Timestamp, Millis, n.LogicalType == "local-timestamp-millis"
	case "timestamp-micros", "local-timestamp-micros":
		f.Type, f.Unit, f.Local = Timestamp, Micros, n.LogicalType == "local-timestamp-micros"
	case "decimal":
		if checkDecimal(n.Precision, n.Scale) != nil {
			return f, errors.New("the decimal has no precision that columns can hold")
		}
		f.Type, f.Precision, f.Scale = Decimal, n.Precision, n.Scale
	}
	return f, nil // other logical types are ignored, as Avro demands
}

func (r *avroReader) union(n *avro.SchemaNode, namespace string) (Field, error) {
	var rest []*avro.SchemaNode
	for i := range n.Branches {
		if b := &n.Branches[i]; b.Type != "null" {
			rest = append(rest, b)
		}
	}
	optional := len(rest) < len(n.Branches)
	if len(rest) != 1 {
		return Field{Type: JSON, Optional: optional}, nil
	}
	f, err := r.field(rest[0], namespace)
	f.Optional = optional || f.Optional
	return f, err
}

func (r *avroReader) record(n *avro.SchemaNode, namespace string) (Field, error) {
	name := r.define(n, namespace)
	if r.open[name] {
		return Field{Type: JSON}, nil // a record that contains itself has no end
	}
	r.open[name] = true
	defer delete(r.open, name)
	f := Field{Type: Group}
	inside := namespaceOf(name)
	for i := range n.Fields {
		field := &n.Fields[i]
		child, err := r.field(&field.Type, inside)
		if err != nil {
			return f, fmt.Errorf("field %q: %w", field.Name, err)
		}
		child.Name, child.avsc = field.Name, field.Name
		if original, ok := field.Props[OriginalName].(string); ok {
			child.Name = original
		}
		if r.columns {
			child.Column = field.Name
		} else if err := readDefault(&child, field); err != nil {
			return f, fmt.Errorf("field %q: %w", field.Name, err)
		}
		f.Fields = append(f.Fields, child)
	}
	if len(f.Fields) == 0 {
		f.Type = JSON
	}
	return f, nil
}

// OriginalName is the property under which an Avro field keeps the name that it
// has in the records, where Avro does not allow that name.
const OriginalName = "originalName"
