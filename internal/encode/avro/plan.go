package avro

import (
	"fmt"

	"github.com/hamba/avro/v2"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// plan is a schema prepared for writing.
type plan struct {
	schema  *schema.Schema
	text    []byte // the schema as a file has it
	root    *node
	rescued *node
}

// node is one place of the schema.
type node struct {
	field *schema.Field
	path  string
	token []byte // the field name as it mostly looks in a document
	at    int    // the position among the members of the group

	members []*node
	index   map[string]*node
	elem    *node

	// first and next predict which member comes first and after this one.
	first, next *node
	// stamp tells in which object this member was met last.
	stamp uint64
	// unordered counts down the objects for which it is not even tried to
	// write members in the order in which they come.
	unordered int
}

func newPlan(s *schema.Schema, name string, binaryStrings bool) (*plan, error) {
	text, err := s.AvroSchema(name, binaryStrings)
	if err != nil {
		return nil, err
	}
	if _, err := avro.ParseBytesWithCache(text, "", &avro.SchemaCache{}); err != nil {
		return nil, fmt.Errorf("checking the Avro schema: %w", err)
	}
	root := newNode(&schema.Field{Type: schema.Group, Fields: s.Fields}, "")
	return &plan{schema: s, text: text, root: root, rescued: root.index[schema.RescuedColumn]}, nil
}

func newNode(f *schema.Field, path string) *node {
	n := &node{field: f, path: path}
	if f.Type == schema.List {
		n.elem = newNode(f.Elem, path+"[]")
	}
	if f.Type != schema.Group {
		return n
	}
	n.index = make(map[string]*node, len(f.Fields))
	for i := range f.Fields {
		member := &f.Fields[i]
		m := newNode(member, join(path, member.Name))
		m.token, m.at = jsonscan.FieldToken([]byte(member.Name)), i
		if i > 0 {
			n.members[i-1].next = m
		}
		n.members = append(n.members, m)
		n.index[member.Name] = m
	}
	n.first = n.members[0]
	return n
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
