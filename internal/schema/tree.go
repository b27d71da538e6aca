package schema

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// node is what is known about the values at one place of the records. Nodes
// form a tree that is guarded by its owner.
type node struct {
	Field
	// declared says that the configuration, or the schema of a record, has the
	// field: it is not counted among the columns that were added.
	declared bool
	named    bool // Column is given
	// stamp tells in which object this member was met last.
	stamp uint64

	members []*node
	index   map[string]*node // members by the names that they have in records
	folded  map[string]*node // members by their names in lower case
	element *node            // of a list, or the value of a map
}

// rules are the parts of the configuration that govern how a tree learns,
// together with what must be known about the record that it learns from.
type rules struct {
	timestamps bool
	unknown    UnknownField
	mismatch   Mismatch
	numbers    Numbers
	collision  Collision
	zone       *time.Location  // of text without one; nil when that is no time
	without    map[string]bool // fields of records that get no column
	maps       int             // how many names an object may have without becoming a map; 0 for any

	room    int      // how many columns may still be added
	before  int      // the room when the record began
	undo    []func() // takes back what the record has changed, the last one first
	rescued bool     // a value of the record does not fit, and is kept apart
}

// widens reports whether columns are changed for values that do not fit.
func (r *rules) widens() bool { return r.mismatch == Widen || r.mismatch == ToString }

// save notes the node as it is, before it is changed.
func (r *rules) save(n *node) {
	old := *n
	r.undo = append(r.undo, func() { old.stamp = n.stamp; *n = old })
}

// back takes back everything since the record began.
func (r *rules) back() {
	for _, undo := range slices.Backward(r.undo) {
		undo()
	}
	r.undo, r.room = r.undo[:0], r.before
}

func newNode(name string) *node {
	return &node{Field: Field{Name: name, Optional: true}}
}

// nodeOf builds the tree of a field that is declared or remembered.
func nodeOf(f *Field, declared bool) *node {
	n := &node{Field: *f, declared: declared, named: !declared}
	n.Fields, n.Elem = nil, nil
	for i := range f.Fields {
		n.attach(nodeOf(&f.Fields[i], declared))
	}
	if f.Elem != nil {
		n.element = nodeOf(f.Elem, declared)
	}
	return n
}

// inZone gives timestamps the zone of their text without one.
func (n *node) inZone(zone *time.Location) {
	if n.Type == Timestamp {
		n.Zone = zone
	}
	for _, m := range n.members {
		m.inZone(zone)
	}
	if n.element != nil {
		n.element.inZone(zone)
	}
}

func (n *node) attach(m *node) {
	if n.index == nil {
		n.index, n.folded = make(map[string]*node), make(map[string]*node)
	}
	n.members = append(n.members, m)
	n.index[m.Name] = m
	for _, alias := range m.Aliases {
		n.index[alias] = m
	}
	if fold := strings.ToLower(m.Name); n.folded[fold] == nil {
		n.folded[fold] = m
	}
}

// become turns the node into a leaf of the given type.
func (n *node) become(t Type) {
	n.Type, n.members, n.index, n.folded, n.element = t, nil, nil, nil, nil
	n.Precision, n.Scale, n.Unit, n.Base64, n.Record = 0, 0, NoUnit, false, ""
	n.Local, n.Zone, n.KeyID, n.Size = false, nil, 0, 0
}

// widen makes room for a value of type t and reports whether the value is of
// another sort than those before: whether a list of both would be mixed. fits is
// false when there is no room for it, and none may be made.
func (n *node) widen(t Type, wide bool, r *rules) (conflict, fits bool) {
	switch {
	case n.Type == t:
		if wide && !n.Wide {
			r.save(n)
			n.Wide = true
		}
		return false, true
	case n.Type == Unknown:
		return false, n.settle(t, wide, r)
	case n.Type == JSON:
		return false, true // it holds anything
	case !r.widens():
		return true, false
	case n.Type == String:
		return t != Timestamp, true
	}
	r.save(n)
	if n.widenNumber(t, wide, r) {
		return false, true
	}
	if t == JSON && !scalarType(n.Type) {
		n.become(JSON)
		return true, true
	}
	soft := n.Type == Timestamp && t == String
	n.become(String)
	return !soft, true
}

// settle gives its first type to a node, and reports whether there is room for
// one more column.
func (n *node) settle(t Type, wide bool, r *rules) bool {
	r.save(n)
	n.Type, n.Wide = t, wide
	switch t { //nolint:exhaustive // the others need nothing more
	case Group, List, Map:
		return true // their leaves are columns
	case Double:
		n.Round = r.numbers == Doubles
	case Timestamp:
		n.Zone = r.zone
	case Decimal:
		n.Precision, n.Scale = inferredPrecision, inferredScale
	}
	r.room--
	return r.room >= 0
}

// What decimals are inferred as: the decimal that Spark takes when it is told
// nothing else. An int64 fits into it, too.
const (
	inferredPrecision = 38
	inferredScale     = 18
)

// widenNumber makes the node of the numeric type that holds its values as well
// as a value of type t, if there is one.
func (n *node) widenNumber(t Type, wide bool, r *rules) bool {
	if t == Decimal && (n.Type == Int32 || n.Type == Int64) && r.mismatch == Widen {
		n.Type, n.Precision, n.Scale, n.Round, n.Wide = Decimal, inferredPrecision, inferredScale, false, false
		return true
	}
	a, b := min(n.Type, t), max(n.Type, t)
	switch {
	case a < Int32 || b > Double:
		return false
	case b == Int64:
		n.Type, n.Wide = Int64, n.Wide || wide
		return true
	case r.mismatch == ToString:
		return false
	case (n.Wide || wide) && r.numbers != Doubles:
		return false
	}
	if n.Type != Double {
		n.Type, n.Round, n.Wide = Double, r.numbers == Doubles, false
	}
	return true
}

func scalarType(t Type) bool { return t < JSON }

// member returns the member of a group for a name that it does not know, nil
// when there must be none.
func (n *node) member(name string, r *rules) *node {
	if r.collision != Suffix {
		if m := n.folded[strings.ToLower(name)]; m != nil {
			if r.collision == RejectName || m.Source > 0 {
				return nil
			}
			r.save(m)
			r.undo = append(r.undo, func() { delete(n.index, name) })
			m.Aliases = append(slices.Clip(m.Aliases), name)
			n.index[name] = m
			return m
		}
	}
	m := newNode(name)
	r.save(n)
	n.attach(m)
	fold := strings.ToLower(name)
	index, folded, first := n.index, n.folded, n.folded[fold] == m
	r.undo = append(r.undo, func() {
		delete(index, name)
		if first {
			delete(folded, fold)
		}
	})
	return m
}

// elem returns the element of a list, or the value of a map.
func (n *node) elem(r *rules) *node {
	if n.element == nil {
		r.save(n)
		n.element = newNode("")
	}
	return n.element
}

// mixed turns a list whose elements are of several sorts into JSON text.
func (n *node) mixed(r *rules) {
	if r.widens() && n.Type == List {
		r.save(n)
		n.become(JSON)
	}
}

// clone copies the tree, so that it can learn and be thrown away.
func (n *node) clone() *node {
	c := *n
	c.stamp = 0 // whoever learns counts objects anew
	if n.index != nil {
		copies := make(map[*node]*node, len(n.members))
		c.members = make([]*node, len(n.members))
		for i, m := range n.members {
			c.members[i] = m.clone()
			copies[m] = c.members[i]
		}
		c.index, c.folded = maps.Clone(n.index), maps.Clone(n.folded)
		for _, names := range []map[string]*node{c.index, c.folded} {
			for name, m := range names {
				names[name] = copies[m]
			}
		}
	}
	if n.element != nil {
		c.element = n.element.clone()
	}
	return &c
}

// prune drops what was seen without a value that decides for a type, and reports
// whether the node is a column, or has one.
func (n *node) prune() bool {
	switch n.Type { //nolint:exhaustive // the others are decided
	case Unknown:
		return false
	case List, Map:
		return n.element != nil && n.element.prune()
	case Group:
		kept := n.members[:0]
		for _, m := range n.members {
			if m.prune() {
				kept = append(kept, m)
				continue
			}
			maps.DeleteFunc(n.index, func(_ string, other *node) bool { return other == m })
			maps.DeleteFunc(n.folded, func(_ string, other *node) bool { return other == m })
		}
		clear(n.members[len(kept):])
		n.members = kept
		return len(kept) > 0
	}
	return true
}

// added counts the leaves that are decided and not declared.
func (n *node) added() int {
	switch n.Type { //nolint:exhaustive // the others are leaves
	case Group:
		sum := 0
		for _, m := range n.members {
			sum += m.added()
		}
		return sum
	case List, Map:
		return n.element.added()
	case Unknown:
		return 0
	}
	if n.declared {
		return 0
	}
	return 1
}

// field returns the published form of a node, members and all.
func (n *node) field() Field {
	f := n.Field
	if n.Type == Group {
		f.Fields = n.fields()
	}
	if n.element != nil {
		e := n.element.field()
		f.Elem = &e
	}
	return f
}

func (n *node) fields() []Field {
	fields := make([]Field, len(n.members))
	for i, m := range n.members {
		fields[i] = m.field()
	}
	return fields
}
