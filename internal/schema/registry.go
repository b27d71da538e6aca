package schema

import (
	"container/list"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Registry finds the schema that a record belongs to: that of its dataset, and of
// what the record brings along. One registry serves a destination, with all its
// encoders, and is safe for concurrent use. Datasets that were not used for the
// longest time are forgotten when all of them take too much memory.
type Registry struct {
	config   Config
	declared []Field
	without  map[string]bool // fields of records that get no column
	avro     bool

	mu       sync.Mutex
	memories map[key]*list.Element
	used     *list.List // of held, the one that was used last in front
	size     int64
	observer Observer
	state    *state // nil without a state file
	borrowed bool   // the state file is read and never written
	shelf    Shelf  // nil unless columns are kept where other processes find them
	format   string // of the files
}

// key is what a memory is found by.
type key struct {
	dataset  record.Dataset
	identity string // of the schema that records bring along
}

// held is a memory in use.
type held struct {
	key    key
	memory *Memory
	size   int64
}

// Observer is told what happens to the schemas of a destination.
type Observer interface {
	// ColumnChanged is called for each column that is new, or has become wider.
	ColumnChanged(c Change)
	// Datasets tells how many datasets are remembered and about how many bytes that
	// takes, and how many were forgotten just now, because of it.
	Datasets(held int, bytes int64, forgotten int)
	// Unsaved tells that columns could not be read or written where they are kept.
	Unsaved(err error)
}

// New returns the registry for a configuration.
func New(config Config) (*Registry, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	r := &Registry{config: config, without: set(config.Without), memories: make(map[key]*list.Element), used: list.New()}
	switch config.Mode {
	case Infer:
		r.declared = sourceFields(config.Columns)
	case Fixed:
		fields, err := config.declared()
		if err != nil {
			return nil, err
		}
		if r.declared, err = r.withSource(fields); err != nil {
			return nil, fmt.Errorf("the fixed schema: %w", err)
		}
		if !slices.ContainsFunc(fields, func(f Field) bool { return !r.without[f.Name] }) {
			return nil, errors.New("partition_columns: the folder holds every declared field, so that there is no column: write keep")
		}
	case Metadata:
		if config.MetadataKey == "" {
			return nil, errors.New("schema mode metadata needs a metadata_key")
		}
	default:
		return nil, fmt.Errorf("schema mode %q: use infer, fixed or metadata", config.Mode)
	}
	return r, nil
}

func set(names []string) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// Without are the top-level fields of records that get no column.
func (r *Registry) Without() map[string]bool { return r.without }

// withSource returns declared fields with the source columns, which follow them.
func (r *Registry) withSource(fields []Field) ([]Field, error) {
	if r.config.Columns.Len() == 0 {
		return fields, nil
	}
	for i := range fields {
		if name := fields[i].Name; r.config.Columns.Has([]byte(name)) {
			return nil, source.Taken(name)
		}
	}
	return slices.Concat(fields, sourceFields(r.config.Columns)), nil
}

// Observe sets who is told of changes. It is called before the first record.
func (r *Registry) Observe(o Observer) { r.observer = o }

// Checks reports whether records are refused whose values do not fit columns that are
// declared, whatever the format is.
func (r *Registry) Checks() bool { return r.config.Mode == Fixed && r.config.OnTypeMismatch == Reject }

// Collision is what becomes of names that differ only in case.
func (r *Registry) Collision() Collision { return r.config.OnCaseCollision }

// UseAvroNames has names in files be such as Avro allows. It is called before the
// first record.
func (r *Registry) UseAvroNames() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.avro = true
}

// PerRecord reports whether records bring their schema along. Then records of
// different identities must not share a file.
func (r *Registry) PerRecord() bool { return r.config.Mode == Metadata }

// Identity returns what tells the record's schema from others of its dataset: the
// same text for all records unless they bring their own.
func (r *Registry) Identity(rec *record.Record) (string, error) {
	if !r.PerRecord() {
		return "", nil
	}
	v, err := r.metadata(rec)
	if err != nil {
		return "", err
	}
	return commonIdentity(v)
}

// For returns the memory for the record's schema.
func (r *Registry) For(rec *record.Record) (*Memory, error) {
	m, err := r.find(rec)
	if err == nil {
		m.fetch()
	}
	return m, err
}

func (r *Registry) find(rec *record.Record) (*Memory, error) {
	k, fields := key{dataset: rec.Dataset}, r.declared
	if r.PerRecord() {
		v, err := r.metadata(rec)
		if err != nil {
			return nil, err
		}
		if k.identity, err = commonIdentity(v); err != nil {
			return nil, err
		}
		if m := r.known(k); m != nil {
			return m, nil
		}
		if fields, err = FromCommon(v); err == nil {
			fields, err = r.withSource(fields)
		}
		if err != nil {
			return nil, fmt.Errorf("schema in metadata %q: %w", r.config.MetadataKey, err)
		}
	} else if m := r.known(k); m != nil {
		return m, nil
	}
	return r.add(k, fields), nil
}

// known returns a memory that there is; nil when there is none.
func (r *Registry) known(k key) *Memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.memories[k]
	if at == nil {
		return nil
	}
	r.used.MoveToFront(at)
	return at.Value.(*held).memory
}

// add makes a memory, unless somebody else was faster.
func (r *Registry) add(k key, fields []Field) *Memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.memories[k]; at != nil {
		return at.Value.(*held).memory
	}
	before := r.state.take(k, r.config.Columns)
	m := newMemory(fields, before, r)
	m.dataset, m.identity = k.dataset, k.identity
	if m.root.ID != before.lastID { // declared columns got numbers, which they keep
		if err := r.state.save(m); err != nil && r.observer != nil {
			r.observer.Unsaved(err)
		}
	}
	h := &held{key: k, memory: m, size: sizeOf(m)}
	r.memories[k] = r.used.PushFront(h)
	r.size += h.size
	r.forget()
	return m
}

// forget drops what was not used for the longest time, as long as all of it
// takes too much memory, and tells how much it is now.
func (r *Registry) forget() {
	n := 0
	for r.size > r.config.MaxMemory && r.used.Len() > 1 {
		oldest := r.used.Remove(r.used.Back()).(*held)
		delete(r.memories, oldest.key)
		r.state.forget(oldest.key)
		r.size -= oldest.size
		n++
	}
	if r.observer != nil {
		r.observer.Datasets(r.used.Len(), r.size, n)
	}
}

// perColumn is about the memory that a column takes beside its names: its node,
// its place in the maps of its group, and its field in the schema.
const perColumn = 700

// sizeOf is about the memory that a dataset takes, in bytes.
func sizeOf(m *Memory) int64 {
	s := m.Schema()
	n := int64(perColumn + len(m.dataset.Name()) + len(m.identity))
	return n + sizeOfFields(s.Fields)
}

func sizeOfFields(fields []Field) (n int64) {
	for i := range fields {
		f := &fields[i]
		n += perColumn + int64(4*len(f.Name)+len(f.Record)) + sizeOfFields(f.Fields)
		if f.Elem != nil {
			n += sizeOfFields([]Field{*f.Elem})
		}
	}
	return n
}

// resize notes that a memory takes another size.
func (r *Registry) resize(m *Memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.memories[key{m.dataset, m.identity}]; at != nil && at.Value.(*held).memory == m {
		h := at.Value.(*held)
		r.size -= h.size
		h.size = sizeOf(m)
		r.size += h.size
		r.forget()
	}
}

// unsaved tells that columns could not be kept.
func (r *Registry) unsaved(err error) {
	if r.observer != nil {
		r.observer.Unsaved(err)
	}
}

// changed notes that a memory has another schema, which is not used yet.
func (r *Registry) changed(m *Memory, before, after *Schema) {
	r.resize(m)
	if err := r.state.save(m); err != nil {
		r.unsaved(fmt.Errorf("writing schema.state: %w", err))
	}
	if r.observer == nil {
		return
	}
	for _, c := range changes(before, after) {
		c.Dataset = m.dataset.Name()
		r.observer.ColumnChanged(c)
	}
}

func (r *Registry) metadata(rec *record.Record) (any, error) {
	if rec.Meta != nil {
		if v, ok := rec.Meta.MetaGetMut(r.config.MetadataKey); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("the record has no schema in metadata %q", r.config.MetadataKey)
}
