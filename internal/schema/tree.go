package schema

import "maps"

// An empty list or object says too little to choose a column for it. It stays
// pending while records are looked at, and becomes JSON text when a file needs
// a decision.
const (
	emptyList Type = iota + 100
	emptyObject
)

// node is what is known about the values at one place of the records. Nodes
// form a tree that is guarded by its owner.
type node struct {
	Field
	// wide says that integers were seen that a double cannot hold.
	wide bool
	// order is the position in which the node was published; 0 means never.
	order int

	members []*node
	index   map[string]*node
	element *node
}

// rules are the parts of the configuration that govern how a tree learns.
type rules struct {
	timestamps bool
	add        bool
	mismatch   Mismatch
	maxColumns int
}

func newNode(name string) *node {
	return &node{Field: Field{Name: name, Optional: true}}
}

// nodeOf builds the tree of a declared field.
func nodeOf(f *Field) *node {
	n := &node{Field: *f}
	n.Fields, n.Elem = nil, nil
	for i := range f.Fields {
		n.attach(nodeOf(&f.Fields[i]))
	}
	if f.Elem != nil {
		n.element = nodeOf(f.Elem)
	}
	return n
}

func (n *node) attach(m *node) {
	if n.index == nil {
		n.index = make(map[string]*node)
	}
	n.members = append(n.members, m)
	n.index[m.Name] = m
}

// become turns the node into a leaf of the given type.
func (n *node) become(t Type) {
	n.Type, n.members, n.index, n.element = t, nil, nil, nil
	n.Precision, n.Scale, n.Unit, n.Base64 = 0, 0, NoUnit, false
}

// widen makes room for a value of type t and reports whether the value is of
// another sort than those before: whether a list of both would be mixed.
func (n *node) widen(t Type, wide bool, r *rules) (conflict bool) {
	switch {
	case t == Unknown || n.Type == t:
		n.wide = n.wide || wide
		return false
	case n.Type == Unknown:
		n.Type, n.wide = t, wide
		return false
	case pendingOf(t) == n.Type:
		n.Type = t
		return false
	case pendingOf(n.Type) == t:
		return false
	case n.Type == JSON:
		return false // it holds anything
	case n.Type == String:
		return t != Timestamp
	}
	if r.mismatch == Reject || r.mismatch == Rescue {
		return true
	}
	if number, ok := n.widenNumber(t, wide, r); ok {
		n.Type, n.wide = number, n.wide || wide
		return false
	}
	if t == JSON && !scalarType(n.Type) || t == Group && n.Type == emptyList || t == List && n.Type == emptyObject {
		n.become(JSON)
		return true
	}
	soft := n.Type == Timestamp && t == String
	n.become(String)
	return !soft
}

// widenNumber returns the numeric type that holds the node's values as well as
// a value of type t, if there is one.
func (n *node) widenNumber(t Type, wide bool, r *rules) (Type, bool) {
	a, b := min(n.Type, t), max(n.Type, t)
	switch {
	case a < Int32 || b > Double:
		return Unknown, false
	case b == Int64:
		return Int64, true
	case r.mismatch == ToString:
		return Unknown, false
	}
	return Double, !n.wide && !wide || n.Round
}

// pendingOf returns the pending form of a container type.
func pendingOf(t Type) Type {
	switch t { //nolint:exhaustive // only containers have one
	case List:
		return emptyList
	case Group:
		return emptyObject
	}
	return Unknown
}

func scalarType(t Type) bool { return t < JSON }

// member returns the member of a group with the given name, adding it when the
// rules allow that; nil otherwise.
func (n *node) member(name string, r *rules) *node {
	if m := n.index[name]; m != nil {
		if m.Source > 0 {
			return nil // not for values of records: encoders refuse the record
		}
		return m
	}
	if !r.add || r.maxColumns <= 0 {
		return nil
	}
	r.maxColumns--
	m := newNode(name)
	n.attach(m)
	return m
}

// elem returns the element of a list.
func (n *node) elem() *node {
	if n.element == nil {
		n.element = newNode("")
	}
	return n.element
}

// mixed turns a list whose elements are of several sorts into JSON text.
func (n *node) mixed(r *rules) {
	if r.mismatch == Widen || r.mismatch == ToString {
		n.become(JSON)
	}
}

// merge makes room for everything that other has room for. It reports, like
// widen, whether the two are of different sorts.
func (n *node) merge(other *node, r *rules) (conflict bool) {
	conflict = n.widen(other.Type, other.wide, r)
	switch {
	case other.Type == Group && n.Type == Group:
		for _, o := range other.members {
			if m := n.member(o.Name, r); m != nil {
				m.merge(o, r)
			}
		}
	case other.Type == List && n.Type == List && other.element != nil:
		if n.elem().merge(other.element, r) {
			n.mixed(r)
		}
	}
	return conflict
}

// clone copies the tree, so that it can learn without its owner's lock.
func (n *node) clone() *node {
	c := *n
	c.index = maps.Clone(n.index)
	c.members = make([]*node, len(n.members))
	for i, m := range n.members {
		c.members[i] = m.clone()
		c.index[m.Name] = c.members[i]
	}
	if n.element != nil {
		c.element = n.element.clone()
	}
	return &c
}
