package schema

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Registry finds the schema that a record belongs to. One registry serves a
// destination, with all its encoders, and is safe for concurrent use.
type Registry struct {
	config Config
	// single serves all records, except in mode Metadata.
	single *Memory

	mu       sync.RWMutex
	memories map[string]*Memory
}

// New returns the registry for a configuration.
func New(config Config) (*Registry, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	r := &Registry{config: config}
	switch config.Mode {
	case Infer:
		r.single = newMemory(sourceFields(config.Columns), &r.config)
	case Fixed:
		fields, err := config.declared()
		if err != nil {
			return nil, err
		}
		if r.single, err = r.memory(fields); err != nil {
			return nil, fmt.Errorf("the fixed schema: %w", err)
		}
	case Metadata:
		if config.MetadataKey == "" {
			return nil, errors.New("schema mode metadata needs a metadata_key")
		}
		r.memories = make(map[string]*Memory)
	default:
		return nil, fmt.Errorf("schema mode %q: use infer, fixed or metadata", config.Mode)
	}
	return r, nil
}

// memory returns the memory of declared fields, which source columns follow.
func (r *Registry) memory(fields []Field) (*Memory, error) {
	if r.config.Columns.Len() > 0 {
		for i := range fields {
			if name := fields[i].Name; r.config.Columns.Has([]byte(name)) {
				return nil, source.Taken(name)
			}
		}
		fields = slices.Concat(fields, sourceFields(r.config.Columns))
	}
	return newMemory(fields, &r.config), nil
}

// PerRecord reports whether records bring their schema along. Then records of
// different identities must not share a file.
func (r *Registry) PerRecord() bool { return r.single == nil }

// Identity returns what tells the record's schema from others: the same text
// for all records unless they bring their own.
func (r *Registry) Identity(rec *record.Record) (string, error) {
	if r.single != nil {
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
	if r.single != nil {
		return r.single, nil
	}
	v, err := r.metadata(rec)
	if err != nil {
		return nil, err
	}
	id, err := commonIdentity(v)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	m := r.memories[id]
	r.mu.RUnlock()
	if m != nil {
		return m, nil
	}
	fields, err := FromCommon(v)
	if err == nil {
		m, err = r.memory(fields)
	}
	if err != nil {
		return nil, fmt.Errorf("schema in metadata %q: %w", r.config.MetadataKey, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.memories[id]; first != nil {
		return first, nil // somebody else was faster
	}
	r.memories[id] = m
	return m, nil
}

func (r *Registry) metadata(rec *record.Record) (any, error) {
	if rec.Meta != nil {
		if v, ok := rec.Meta.MetaGetMut(r.config.MetadataKey); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("the record has no schema in metadata %q", r.config.MetadataKey)
}
