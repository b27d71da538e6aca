package parquet

import (
	"encoding/json"

	"github.com/s3-destination/s3-destination/internal/encode/internal/rescue"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// plan is a schema prepared for writing: the tree that records are walked
// along, the columns at its leaves and the schema elements of the footer.
type plan struct {
	schema   *schema.Schema
	root     *node
	columns  []*column
	elements []format.SchemaElement
	rescued  *node
	required []*node // top-level nodes that every record must have
	// sources are the nodes that source fills, in its order. Records have no
	// values for them, so that they are not among the members of root.
	sources []*node
	source  *source.Reader
	// renamed are the columns that have other names in records, as a JSON object
	// of those by the names in the file; empty for none.
	renamed string
}

// node is one place of the schema. Leaves have a column. What every value needs
// comes first, because it is then in the same cache line.
type node struct {
	token jsonscan.Token // the field name as it mostly looks in a document
	// next predicts which member comes after this one, first which comes first.
	next   *node
	column *column
	// stamp tells in which object this member was met last.
	stamp uint64
	kind  schema.Type // that of the field
	// narrow says that the field is an integer which may become a double: one
	// that a double does not hold must be noted first.
	narrow bool
	// round says that a column of doubles may round.
	round bool
	def   uint8 // the definition level of a value that is present
	rep   uint8 // the repetition level at which the items of a list follow

	leaves  []*column
	first   *node
	elem    *node   // of a list, or the value of a map
	keys    *column // of a map
	members []*node
	index   map[string]*node

	field *schema.Field
	path  string
	at    rescue.Path
}

// planner builds a plan.
type planner struct {
	plan   *plan
	config *Config
	widens bool // columns become wider for values that do not fit
}

func newPlan(s *schema.Schema, config *Config, policy schema.Policy) *plan {
	p := &planner{plan: &plan{schema: s}, config: config, widens: policy.Widens()}
	root := &schema.Field{Name: "schema", Type: schema.Group, Fields: s.Fields}
	if s.Columns != nil {
		p.plan.source = s.Columns.NewReader()
		p.plan.sources = make([]*node, s.Columns.Len())
	}
	p.element(format.SchemaElement{Name: "schema", NumChildren: int32(len(s.Fields))})
	p.plan.root = p.members(&node{field: root, at: rescue.Root()}, nil, 0, 0)
	if names := s.Renamed(); len(names) > 0 {
		text, _ := json.Marshal(names) // text can always be written
		p.plan.renamed = string(text)
	}
	p.plan.rescued = p.plan.root.index[schema.RescuedColumn]
	for _, m := range p.plan.root.members {
		if !m.field.Optional {
			p.plan.required = append(p.plan.required, m)
		}
	}
	return p.plan
}

func (p *planner) element(e format.SchemaElement) { p.plan.elements = append(p.plan.elements, e) }

// members plans the fields of a group.
func (p *planner) members(n *node, path []string, def, rep uint8) *node {
	n.def = def
	n.index = make(map[string]*node, len(n.field.Fields))
	for i := range n.field.Fields {
		f := &n.field.Fields[i]
		column := f.ColumnName()
		m := p.node(&node{field: f, path: join(n.path, f.Name), at: n.at.Member(f.Name)},
			column, append(path[:len(path):len(path)], column), def, rep)
		if f.Source > 0 {
			p.plan.sources[f.Source-1] = m
			continue
		}
		m.token = jsonscan.FieldToken([]byte(f.Name))
		n.members = append(n.members, m)
		n.index[f.Name] = m
		for _, alias := range f.Aliases {
			n.index[alias] = m
		}
		n.leaves = append(n.leaves, m.leaves...)
	}
	for i, m := range n.members {
		if i == 0 {
			n.first = m
		} else {
			n.members[i-1].next = m
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

// node plans a field of any type, below the given levels. It is at path in the
// file.
func (p *planner) node(n *node, name string, path []string, def, rep uint8) *node {
	f := n.field
	repetition := format.Required
	if f.Optional {
		repetition = format.Optional
		def++
	}
	n.kind, n.def, n.rep = f.Type, def, rep
	n.narrow, n.round = f.Type == schema.Int64 && !f.Wide && !f.Round && p.widens, f.Round
	switch f.Type { //nolint:exhaustive // the others are leaves
	case schema.Group:
		p.element(format.SchemaElement{Name: name, FieldID: int32(f.ID), Repetition: repetition, NumChildren: int32(len(f.Fields))})
		return p.members(n, path, def, rep)
	case schema.List:
		p.list(n, name, path, repetition)
		return n
	case schema.Map:
		p.mapping(n, name, path, repetition)
		return n
	}
	e := p.leaf(f, name, repetition)
	p.element(e)
	n.column = newColumn(f, &e, path, def, rep)
	n.leaves = []*column{n.column}
	p.plan.columns = append(p.plan.columns, n.column)
	return n
}

// list plans the three levels of a list: the list itself, a repeated group
// named list, and the element.
func (p *planner) list(n *node, name string, path []string, repetition format.Repetition) {
	p.element(format.SchemaElement{Name: name, FieldID: int32(n.field.ID), Repetition: repetition, NumChildren: 1, Annotation: format.List})
	p.element(format.SchemaElement{Name: "list", Repetition: format.Repeated, NumChildren: 1})
	n.rep++
	n.elem = p.node(&node{field: n.field.Elem, path: n.path + "[]", at: n.at.Items()},
		"element", append(path[:len(path):len(path)], "list", "element"), n.def+1, n.rep)
	n.leaves = n.elem.leaves
}

// mapping plans the levels of a map: the map itself, a repeated group named
// key_value, and in it key and value.
func (p *planner) mapping(n *node, name string, path []string, repetition format.Repetition) {
	p.element(format.SchemaElement{Name: name, FieldID: int32(n.field.ID), Repetition: repetition, NumChildren: 1, Annotation: format.Map})
	p.element(format.SchemaElement{Name: "key_value", Repetition: format.Repeated, NumChildren: 2})
	n.rep++
	path = path[:len(path):len(path)]
	keys := &node{field: &schema.Field{Name: "key", Type: schema.String, ID: n.field.KeyID}}
	n.keys = p.node(keys, "key", append(path, "key_value", "key"), n.def+1, n.rep).column
	n.elem = p.node(&node{field: n.field.Elem, path: n.path + ".*", at: n.at.Items()},
		"value", append(path, "key_value", "value"), n.def+1, n.rep)
	n.leaves = append([]*column{n.keys}, n.elem.leaves...)
}

// leaf describes a column.
func (p *planner) leaf(f *schema.Field, name string, repetition format.Repetition) format.SchemaElement {
	e := format.SchemaElement{Name: name, FieldID: int32(f.ID), Repetition: repetition, Type: format.ByteArray}
	switch f.Type { //nolint:exhaustive // groups and lists are no leaves
	case schema.Bool:
		e.Type = format.Boolean
	case schema.Int32:
		e.Type = format.Int32
	case schema.Int64:
		e.Type = format.Int64
	case schema.Float:
		e.Type = format.Float
	case schema.Double:
		e.Type = format.Double
	case schema.Date:
		e.Type, e.Annotation = format.Int32, format.Date
	case schema.Timestamp:
		e.Type, e.Annotation = format.Int64, format.TimestampMicros
		if f.Local {
			e.Annotation = format.LocalTimestampMicros
		}
	case schema.Time:
		e.Type = format.Int64
		if p.config.Compatibility == Modern {
			e.Annotation = format.TimeMicros
		}
	case schema.UUID:
		if p.config.Compatibility == Modern {
			e.Type, e.TypeLength, e.Annotation = format.FixedLenByteArray, 16, format.UUID
			break
		}
		e.Annotation = format.String
	case schema.Decimal:
		decimal(&e, f)
	case schema.String, schema.JSON:
		// There is an annotation for JSON, but readers differ on it: some take
		// it for text, some for bytes. All take a string for text.
		if !p.config.BinaryStrings {
			e.Annotation = format.String
		}
	}
	return e
}

// decimal annotates a decimal and picks the smallest physical type for it.
func decimal(e *format.SchemaElement, f *schema.Field) {
	e.Annotation, e.Precision, e.Scale = format.Decimal, int32(f.Precision), int32(f.Scale)
	switch {
	case f.Precision <= 9:
		e.Type = format.Int32
	case f.Precision <= 18:
		e.Type = format.Int64
	default:
		e.Type, e.TypeLength = format.FixedLenByteArray, int32(scalar.DecimalSize(f.Precision))
	}
}
