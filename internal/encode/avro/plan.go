package avro

import (
	"fmt"

	"github.com/twmb/avro"

	"github.com/s3-destination/s3-destination/internal/encode/internal/rescue"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// plan is a schema prepared for writing.
type plan struct {
	schema  *schema.Schema
	text    []byte // the schema as a file has it
	root    *node
	rescued *node
	source  *source.Reader // nil without source columns
}

// node is one place of the schema.
type node struct {
	field *schema.Field
	path  string
	at    rescue.Path
	token jsonscan.Token // the field name as it mostly looks in a document
	slot  int            // the position among the members of the group
	// narrow says that the field is an integer which may become a double: one
	// that a double does not hold must be noted first.
	narrow bool

	members []*node
	index   map[string]*node
	elem    *node // of an array, or the value of a map

	// first and next predict which member comes first and after this one.
	first, next *node
	// stamp tells in which object this member was met last.
	stamp uint64
	// source is the number, from 1, of the source column that the node is; 0
	// for a field of records. Records never have a value for it, so that it is
	// written wherever a null would be.
	source int
	// unordered counts down the objects for which it is not even tried to
	// write members in the order in which they come.
	unordered int
}

func newPlan(s *schema.Schema, name string, binaryStrings bool, policy schema.Policy) (*plan, error) {
	text, err := s.AvroSchema(name, binaryStrings)
	if err != nil {
		return nil, err
	}
	if _, err := avro.Parse(string(text)); err != nil {
		return nil, fmt.Errorf("checking the Avro schema: %w", err)
	}
	root := newNode(&schema.Field{Type: schema.Group, Fields: s.Fields}, "", rescue.Root(), policy.Widens())
	p := &plan{schema: s, text: text, root: root, rescued: root.index[schema.RescuedColumn]}
	if s.Columns != nil {
		p.source = s.Columns.NewReader()
	}
	return p, nil
}

func newNode(f *schema.Field, path string, at rescue.Path, widens bool) *node {
	n := &node{field: f, path: path, at: at}
	n.narrow = f.Type == schema.Int64 && !f.Wide && !f.Round && widens
	switch f.Type { //nolint:exhaustive // the others hold no elements
	case schema.List:
		n.elem = newNode(f.Elem, path+"[]", at.Items(), widens)
	case schema.Map:
		n.elem = newNode(f.Elem, path+".*", at.Items(), widens)
	}
	if f.Type != schema.Group {
		return n
	}
	n.index = make(map[string]*node, len(f.Fields))
	guess := &n.first
	for i := range f.Fields {
		member := &f.Fields[i]
		m := newNode(member, join(path, member.Name), at.Member(member.Name), widens)
		m.token, m.slot, m.source = jsonscan.FieldToken([]byte(member.Name)), i, member.Source
		n.members = append(n.members, m)
		if m.source > 0 {
			continue // not to be found in a record
		}
		*guess = m
		guess = &m.next
		n.index[member.Name] = m
		for _, alias := range member.Aliases {
			n.index[alias] = m
		}
	}
	return n
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
