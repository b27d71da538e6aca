package schema

import (
	"sync"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// RescuedColumn is the column that takes, as one JSON object by path, values
// that do not fit their own columns when mismatches are rescued. It is the only
// column of a dataset of which nothing is known that decides for another one.
const RescuedColumn = "_rescued_data"

// Memory is the schema of one dataset, as far as it is known. It learns from
// records, only ever widens, and is safe for concurrent use: the encoders of a
// destination share it, so that all their files agree.
type Memory struct {
	dataset  record.Dataset
	identity string // of the schema that records bring along
	policy   Policy
	rules    rules
	avro     bool
	columns  *source.Columns // that records do not have themselves; may be nil
	without  map[string]bool // fields of records that get none; may be nil
	current  atomic.Pointer[Schema]
	registry *Registry

	declared []Field // those of root that were not learned
	shelved  shelved

	mu   sync.Mutex // held while learning
	root *node
}

// Policy says what becomes of records that do not fit the schema.
type Policy struct {
	Unknown  UnknownField
	Mismatch Mismatch
}

// Widens reports whether columns are changed for values that do not fit.
func (p Policy) Widens() bool { return p.Mismatch == Widen || p.Mismatch == ToString }

// remembered is what an earlier process knew of a dataset.
type remembered struct {
	fields []Field
	lastID int // of fields, also of those that are no more
}

// newMemory returns the memory of declared fields, and of those that were
// remembered by an earlier process.
func newMemory(declared []Field, remembered remembered, r *Registry) *Memory {
	c := &r.config
	m := &Memory{
		policy:  Policy{Unknown: c.OnUnknownField, Mismatch: c.OnTypeMismatch},
		columns: c.Columns, without: r.without, avro: r.avro, registry: r, declared: declared,
	}
	m.rules = rules{
		timestamps: c.InferTimestamps, unknown: c.OnUnknownField, mismatch: c.OnTypeMismatch,
		numbers: c.Numbers, collision: c.OnCaseCollision, zone: c.Zone, maps: c.InferMaps, without: r.without,
	}
	m.root = m.tree(remembered)
	m.publish(m.shape(m.root))
	return m
}

// tree is that of remembered fields, and of the declared ones.
func (m *Memory) tree(remembered remembered) *node {
	root := treeOf(m.declared, remembered, m.without, m.policy)
	root.inZone(m.rules.zone)
	return root
}

func treeOf(declared []Field, remembered remembered, without map[string]bool, p Policy) *node {
	root := &node{Field: Field{Type: Group, ID: remembered.lastID}, declared: true}
	for i := range remembered.fields {
		f := &remembered.fields[i]
		if without[f.Name] {
			continue
		}
		root.attach(nodeOf(f, f.Name == RescuedColumn))
	}
	for i := range declared {
		if without[declared[i].Name] {
			continue
		}
		if old := root.index[declared[i].Name]; old != nil {
			old.declare(&declared[i], p)
			continue
		}
		root.attach(nodeOf(&declared[i], true))
	}
	return root
}

// declare makes a node that was remembered one that is declared. A type that is
// wider than the declared one stays, where columns may be widened.
func (n *node) declare(f *Field, p Policy) {
	declared := nodeOf(f, true)
	declared.Column, declared.Record, declared.named = n.Column, n.Record, n.named
	declared.keepNumbers(n)
	if n.Type == Group && f.Type == Group {
		for _, m := range declared.members {
			if old := n.index[m.Name]; old != nil {
				old.declare(&m.Field, p)
				continue
			}
			n.attach(m)
		}
		n.Optional, n.Default, n.declared = f.Optional, f.Default, true
		return
	}
	if n.Type == f.Type && n.element != nil {
		n.element.declare(f.Elem, p) // it may be wider, too
		n.Optional, n.Default, n.declared = f.Optional, f.Default, true
		return
	}
	if p.Widens() && f.Source == 0 && wider(n.Type, f.Type) {
		declared.become(n.Type)
		declared.Precision, declared.Scale = n.Precision, n.Scale
		declared.Round, declared.Wide = n.Round, n.Wide
	}
	*n = *declared
}

// wider reports whether columns of the second type are widened to the first.
func wider(t, than Type) bool {
	switch t { //nolint:exhaustive // the others are not what columns are widened to
	case String:
		return than != String && than != JSON
	case JSON:
		return than == List || than == Group || than == Map
	case Double, Decimal:
		return than == Int64 || than == Int32 || t == Double && than == Float
	case Int64:
		return than == Int32
	}
	return false
}

// Policy returns what becomes of records that do not fit.
func (m *Memory) Policy() Policy { return m.policy }

// Schema returns what is known now. The same pointer means the same schema.
func (m *Memory) Schema() *Schema { return m.current.Load() }

// Learn makes room for the given records, as far as the rules allow, and returns
// the schema that has it. An encoder calls it when it meets something that known,
// the schema it works with, does not know. When known is not the schema of the
// memory any more, nothing is learned, and the present one is returned: it may
// well do.
//
// Learning is a transaction for each record: one that encoders will refuse
// leaves nothing behind.
func (m *Memory) Learn(known *Schema, records []record.Record) (s *Schema, learned bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.current.Load(); now != known {
		return now, false
	}
	return m.commit(func() *node {
		in, scratch := m.scratch()
		for i := range records {
			_ = in.record(scratch, &records[i]) // the encoder says what is wrong with it
		}
		scratch.prune()
		if in.any && len(scratch.members) == 0 && m.policy.Unknown == Add {
			scratch.attach(rescuedNode()) // a file needs a column
		}
		return scratch
	}), true
}

func rescuedNode() *node {
	return &node{Field: Field{Name: RescuedColumn, Type: JSON, Optional: true}, declared: true}
}

// scratch returns a copy of what is known, and what learns into it.
func (m *Memory) scratch() (*inferrer, *node) {
	r := m.rules
	r.room = m.registry.config.MaxColumns - m.root.added()
	return &inferrer{rules: &r}, m.root.clone()
}

// Named is a column by its name in records and that in files.
type Named struct{ Name, Column string }

// Extend adds columns that hold any value, in their order, for formats without
// types. Like [Memory.Learn] it does nothing, and says so, when known is
// not the present schema: the names must be added to that one.
func (m *Memory) Extend(known *Schema, columns []Named) (s *Schema, extended bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.current.Load(); now != known {
		return now, false
	}
	return m.commit(func() *node {
		scratch := m.root.clone()
		for _, c := range columns {
			if scratch.index[c.Name] == nil {
				scratch.attach(&node{Field: Field{Name: c.Name, Column: c.Column, Type: JSON, Optional: true}, named: true})
			}
		}
		return scratch
	}), true
}

// Room is how many columns may still be added.
func (m *Memory) Room() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.registry.config.MaxColumns - m.root.added()
}

// commit makes what was learned, in a copy of what is known, that what is known. It
// is written down before anybody makes a file of it.
func (m *Memory) commit(learn func() *node) *Schema {
	var scratch *node
	var s *Schema
	if m.registry.shelf != nil {
		scratch, s = m.agree(learn)
	} else {
		scratch = learn()
		s = m.shape(scratch)
	}
	before := m.current.Load()
	m.root = scratch
	after := m.publish(s)
	if after != before {
		m.registry.changed(m, before, after)
	}
	return after
}

// shape returns the schema of a tree, whose members get the names that they have in
// files.
func (m *Memory) shape(root *node) *Schema {
	if m.policy.Mismatch == Rescue && root.index[RescuedColumn] == nil && len(root.members) > m.columns.Len() {
		root.attach(rescuedNode())
	}
	records := make(map[string]bool)
	root.recordNames(records)
	root.nameMembers(m.avro, "", records)
	if m.registry.config.FieldIDs {
		root.number(&root.ID)
	}
	s := NewSchema(root.fields())
	s.Columns, s.Without = m.columns, m.without
	return s
}

// publish makes a schema the current one.
func (m *Memory) publish(s *Schema) *Schema {
	if old := m.current.Load(); old != nil && old.fingerprint == s.fingerprint {
		return old // encoders need not prepare for it again
	}
	m.current.Store(s)
	return s
}

// Checker tells which records a schema refuses. It is not safe for concurrent
// use.
type Checker struct {
	in   *inferrer
	root *node
}

// Checker returns a Checker for what is known now; nil where there is nothing to
// check, because columns are inferred, or take any value.
func (m *Memory) Checker() *Checker {
	if m.policy.Mismatch != Reject || m.registry.config.Mode == Infer {
		return nil
	}
	return m.checker()
}

func (m *Memory) checker() *Checker {
	m.mu.Lock()
	defer m.mu.Unlock()
	in, root := m.scratch()
	return &Checker{in: in, root: root}
}

// Check says why a record would be refused, nil when it would not.
func (c *Checker) Check(rec *record.Record) error {
	if c == nil {
		return nil
	}
	err := c.in.record(c.root, rec)
	if err == nil {
		c.in.rules.back()
	}
	return err
}

// Meet makes room for all that fields have room for which somebody else has found, such
// as those of a file: columns that there are become wide enough, others follow.
func (m *Memory) Meet(fields []Field) *Schema {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commit(func() *node {
		scratch := m.root.clone()
		scratch.join(treeOf(nil, remembered{fields: fields}, m.without, m.policy), m.meeting())
		return scratch
	})
}
