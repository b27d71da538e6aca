package rows

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// column is a node in the schema of a file.
type column struct {
	name     string
	optional bool
	repeated bool
	// def and rep are the levels of a value that is there: how many optional or
	// repeated nodes there are down to this one, and how many repeated ones.
	def, rep int
	children []*column
	leaves   []int // the columns of values in it
	kind     kind
	logical  format.LogicalType
	text     bool // values are strings, whether they are said to be or not
}

// kind is how the parts of a node are put together.
type kind int

const (
	leaf kind = iota
	group
	list     // a group with a repeated group of one element
	mapping  // a group with a repeated group of key and value, and keys that are text
	bareList // a group with the repeated element itself: entries of other keys, and lists of older writers
)

func columnOf(c *parquet.Column) *column {
	n := &column{
		name: c.Name(), optional: c.Optional(), repeated: c.Repeated(),
		def: c.MaxDefinitionLevel(), rep: c.MaxRepetitionLevel(),
	}
	if logical := c.Type().LogicalType(); logical != nil {
		n.logical = *logical
	}
	if c.Leaf() {
		n.leaves, n.text = []int{c.Index()}, c.Type().Kind() == parquet.ByteArray
		return n
	}
	n.kind = group
	for _, child := range c.Columns() {
		inner := columnOf(child)
		n.children = append(n.children, inner)
		n.leaves = append(n.leaves, inner.leaves...)
	}
	if len(n.children) == 1 && n.children[0].repeated {
		switch inner := n.children[0]; {
		case n.logical.Map != nil && len(inner.children) == 2 && inner.children[0].text:
			n.kind = mapping
		case n.logical.List != nil && len(inner.children) == 1 && inner.name != "array":
			n.kind = list
		case n.logical.List != nil, n.logical.Map != nil:
			n.kind = bareList
		}
	}
	return n
}

// assembler puts rows together from the values of columns: the way of the Dremel paper,
// https://research.google/pubs/dremel-interactive-analysis-of-web-scale-datasets-2/
type assembler struct {
	root   *column
	values [][]parquet.Value // of the row, by column; what is read is cut off
}

func (a *assembler) assemble(row parquet.Row) map[string]any {
	row.Range(func(at int, values []parquet.Value) bool {
		a.values[at] = values
		return true
	})
	return a.fields(a.root)
}

// fields reads the children of a group that is there.
func (a *assembler) fields(c *column) map[string]any {
	values := make(map[string]any, len(c.children))
	for _, child := range c.children {
		values[child.name] = a.read(child)
	}
	return values
}

// read reads what the row has for a node.
func (a *assembler) read(c *column) any {
	if (c.optional || c.repeated) && a.next(c).DefinitionLevel() < c.def {
		for _, at := range c.leaves {
			a.values[at] = a.values[at][1:]
		}
		if c.repeated {
			return []any{}
		}
		return nil
	}
	if !c.repeated {
		return a.one(c)
	}
	all := []any{a.one(c)}
	for at := c.leaves[0]; len(a.values[at]) > 0 && a.values[at][0].RepetitionLevel() == c.rep; {
		all = append(all, a.one(c))
	}
	return all
}

// next is the value of a node that comes next, of its first column.
func (a *assembler) next(c *column) parquet.Value { return a.values[c.leaves[0]][0] }

// one reads one value of a node, which is there.
func (a *assembler) one(c *column) any {
	switch c.kind {
	case leaf:
		v := a.next(c)
		a.values[c.leaves[0]] = a.values[c.leaves[0]][1:]
		return valueOf(v, &c.logical)
	case list:
		elements := a.elements(c)
		for i := range elements {
			elements[i] = elements[i].(map[string]any)[c.children[0].children[0].name]
		}
		return elements
	case bareList:
		return a.elements(c)
	case mapping:
		entries := map[string]any{}
		inner := c.children[0]
		for _, e := range a.elements(c) {
			entry := e.(map[string]any)
			switch key := entry[inner.children[0].name].(type) {
			case string:
				entries[key] = entry[inner.children[1].name]
			case []byte:
				entries[string(key)] = entry[inner.children[1].name]
			}
		}
		return entries
	case group:
	}
	return a.fields(c)
}

// elements are those of a list or a map.
func (a *assembler) elements(c *column) []any { return a.read(c.children[0]).([]any) }
