package schema

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// RescuedColumn is the column that takes, as one JSON object by path, values
// that do not fit their own columns when mismatches are rescued.
const RescuedColumn = "_rescued_data"

// Memory is the schema of one stream of files, as far as it is known. It
// learns from records, only ever widens, and is safe for concurrent use: the
// encoders of a destination share it, so that all their files agree.
type Memory struct {
	policy  Policy
	rules   rules
	columns *source.Columns // that records do not have themselves; may be nil
	current atomic.Pointer[Schema]

	mu   sync.Mutex
	root *node
}

// Policy says what becomes of records that do not fit the schema.
type Policy struct {
	Unknown  UnknownField
	Mismatch Mismatch
}

func newMemory(declared []Field, c *Config) *Memory {
	m := &Memory{
		policy:  Policy{Unknown: c.OnUnknownField, Mismatch: c.OnTypeMismatch},
		columns: c.Columns,
		root:    &node{Field: Field{Type: Group}},
	}
	m.rules = rules{
		timestamps: c.InferTimestamps, add: c.OnUnknownField == Add,
		mismatch: c.OnTypeMismatch, maxColumns: c.MaxColumns,
	}
	for i := range declared {
		m.root.attach(nodeOf(&declared[i]))
	}
	m.publish()
	return m
}

// Policy returns what becomes of records that do not fit.
func (m *Memory) Policy() Policy { return m.policy }

// Schema returns what is known now. The same pointer means the same schema.
func (m *Memory) Schema() *Schema { return m.current.Load() }

// Learn makes room for the given records, as far as the rules allow, and
// returns the schema that has it. An encoder calls it when it meets something
// that the schema it works with does not know.
func (m *Memory) Learn(records []record.Record) *Schema {
	// Looking at the records takes long, so it happens outside of the lock, in
	// a copy of the tree.
	m.mu.Lock()
	r, seen := m.rules, m.root.clone()
	m.mu.Unlock()
	in := inferrer{rules: &r}
	for i := range records {
		in.record(seen, &records[i])
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root.merge(seen, &m.rules)
	return m.publish()
}

// publish decides what is pending and makes the result the current schema.
func (m *Memory) publish() *Schema {
	if m.policy.Mismatch == Rescue && m.root.index[RescuedColumn] == nil && len(m.root.members) > m.columns.Len() {
		m.root.attach(&node{Field: Field{Name: RescuedColumn, Type: JSON, Optional: true}})
	}
	fields := m.root.publishMembers()
	if len(fields) == 0 {
		// A file needs a column. Where records have nothing but nulls, these
		// must do.
		for _, n := range m.root.members {
			n.become(JSON)
		}
		fields = m.root.publishMembers()
	}
	s := NewSchema(fields)
	s.Columns = m.columns
	if old := m.current.Load(); old != nil && old.fingerprint == s.fingerprint {
		return old // encoders need not prepare for it again
	}
	m.current.Store(s)
	return s
}

// publishMembers returns the fields of a group that are known: first those
// that earlier files have, in their order, then the new ones as first seen.
func (n *node) publishMembers() []Field {
	next := 1
	known := make([]*node, 0, len(n.members))
	for _, m := range n.members {
		next = max(next, m.order+1)
	}
	for _, m := range n.members {
		if !m.decide() {
			continue
		}
		if m.order == 0 {
			m.order = next
			next++
		}
		known = append(known, m)
	}
	slices.SortFunc(known, func(a, b *node) int { return a.order - b.order })
	fields := make([]Field, len(known))
	for i, m := range known {
		fields[i] = m.field()
	}
	return fields
}

// decide settles a pending type and reports whether the node is a column.
func (n *node) decide() bool {
	switch n.Type { //nolint:exhaustive // the others are settled
	case Unknown:
		return false
	case emptyList, emptyObject:
		n.become(JSON)
	case List:
		if n.element == nil || !n.element.decide() {
			n.become(JSON)
		}
	case Group:
		known := false
		for _, m := range n.members {
			known = m.decide() || known
		}
		if !known {
			n.become(JSON)
		}
	}
	return true
}

// field returns the published form of a node that is decided.
func (n *node) field() Field {
	f := n.Field
	if n.Type == Group {
		f.Fields = n.publishMembers()
	}
	if n.Type == List {
		e := n.element.field()
		f.Elem = &e
	}
	return f
}
