package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// Store is what the probe needs of the object store.
type Store interface {
	// Put writes an object.
	Put(ctx context.Context, o store.Object) (store.Result, error)
	// Delete removes an object.
	Delete(ctx context.Context, key string) error
	Knowledge
}

// Knowledge is what a store knows about itself. It learns from answers; what
// takes several of them to prove, the probe tells it.
type Knowledge interface {
	// Conditional is what is known of conditional writes of a size.
	Conditional(size int64) store.Known
	// Capabilities is what is known of everything else too.
	Capabilities() store.Capabilities
	// Learn notes what has been found out.
	Learn(a store.Ability, k store.Known)
	// Waiting says what the latest request is waiting for; nil if for nothing.
	Waiting() error
}

// Verdict is the outcome of one probe.
type Verdict struct {
	// Err is nil when the destination accepts data.
	Err error
	// Leftover is why the temporary object could not be deleted, which does
	// not make a destination unhealthy; nil when it was.
	Leftover error
	// Latency is how long the writes took, all their tries included.
	Latency time.Duration
}

// Class is the class of the error, empty for a healthy destination.
func (v Verdict) Class() store.Class { return classOf(v.Err) }

// ProbeConfig says how to probe.
type ProbeConfig struct {
	// Prefix is what keys begin with; empty, or with a final slash.
	Prefix string
	// Label is that of the output; it becomes part of the key.
	Label string
	// Size of the temporary object in bytes. Zero costs nothing; a larger one
	// finds out about refusals that depend on the size.
	Size int64
	// Prove: data depends on what is known of conditional writes, so that the
	// probe finds it out.
	Prove bool
	// Largest is the size of the largest object of data in bytes: where it is
	// uploaded in parts, conditions on CompleteMultipartUpload are proven too.
	Largest int64
}

// Prober probes one destination. Its methods must not be called concurrently,
// but for Key and Waiting.
type Prober struct {
	store Store
	cfg   ProbeConfig
	key   string
	body  *store.Body
	// enforced: the destination accepts conditional writes only.
	enforced bool
	// proven are the conditions that held for one writer after another, and were
	// not yet tried with writers at the same moment.
	proven map[store.Ability]writer
}

// writer writes an object on the condition that there is none under the key.
type writer func(ctx context.Context, key string) error

// NewProber returns a prober that writes under cfg.Prefix. The key is stable, so
// that leftovers never pile up, and begins with an underscore, so that Hive,
// Athena and Spark skip it.
func NewProber(s Store, cfg ProbeConfig) *Prober {
	name := "_s3_destination_probe"
	if cfg.Label != "" {
		name += "_" + strings.Map(keySafe, cfg.Label)
	}
	return &Prober{
		store: s, cfg: cfg, key: cfg.Prefix + name, body: store.BodyOf(make([]byte, cfg.Size)),
		proven: map[store.Ability]writer{},
	}
}

func keySafe(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		return r
	}
	return '_'
}

// Key is the key of the temporary object.
func (p *Prober) Key() string { return p.key }

// Waiting says what a probe that does not end is waiting for.
func (p *Prober) Waiting() error {
	if err := p.store.Waiting(); err != nil {
		return fmt.Errorf("checking the destination: %w", err)
	}
	return nil
}

// Probe writes and deletes the temporary object, with nothing but the right
// s3:PutObject. As long as it is not known whether the store honours
// conditional writes it finds that out, at the price of a few more requests, and
// accepts that a destination takes no other writes.
func (p *Prober) Probe(ctx context.Context) Verdict {
	var v Verdict
	began, known := time.Now(), p.store.Conditional(0)
	v.Err = p.write(ctx)
	v.Latency = time.Since(began)
	if v.Err != nil {
		v.Err = fmt.Errorf("checking the destination: %w", v.Err)
		return v
	}
	if p.cfg.Prove && known == store.Unknown && p.store.Conditional(0) == store.Shown {
		p.proven[store.ConditionalPut] = p.putWhole
	}
	p.proveInParts(ctx)
	// Tried even if it was refused before: the right may have been granted.
	if v.Leftover = p.store.Delete(ctx, p.key); v.Leftover == nil {
		p.race(ctx)
	}
	return v
}

// proveInParts finds out about conditions on uploads in parts, where data is
// uploaded so. What fails here stays unknown, which is safe, and is tried again
// by the next probe.
func (p *Prober) proveInParts(ctx context.Context) {
	if !p.cfg.Prove || p.store.Conditional(0) == store.Unknown || p.store.Conditional(p.cfg.Largest) != store.Unknown {
		return
	}
	_ = p.prove(ctx, store.ConditionalComplete, p.putInParts)
	if p.store.Conditional(p.cfg.Largest) == store.Shown {
		p.proven[store.ConditionalComplete] = p.putInParts
	}
}

func (p *Prober) put(ctx context.Context, key string, ifNoneMatch bool) error {
	_, err := p.store.Put(ctx, store.Object{Key: key, Body: p.body, IfNoneMatch: ifNoneMatch})
	return err
}

// putWhole writes an empty object on the condition that there is none.
func (p *Prober) putWhole(ctx context.Context, key string) error {
	_, err := p.store.Put(ctx, store.Object{Key: key, IfNoneMatch: true})
	return err
}

// putInParts does the same with an upload in one part.
func (p *Prober) putInParts(ctx context.Context, key string) error {
	_, err := p.store.Put(ctx, store.Object{Key: key, Body: store.BodyOf([]byte("probe")), IfNoneMatch: true, InParts: true})
	return err
}

// write writes the way that data is written.
func (p *Prober) write(ctx context.Context) error {
	known := p.store.Conditional(0)
	switch {
	case p.enforced:
		return p.writeEnforced(ctx)
	case p.cfg.Prove && known == store.Unknown:
		return p.writeAndProve(ctx)
	}
	err := p.put(ctx, p.key, false)
	if errors.Is(err, store.ErrExists) {
		return nil // a locked leftover: the right to write was looked at before
	}
	if known == store.Shown && store.ClassOf(err) == store.ClassDenied {
		// A policy may demand If-None-Match, as data is written with it.
		if p.writeEnforced(ctx) == nil {
			p.enforced = true
			return nil
		}
	}
	return err
}

// writeEnforced writes conditionally. A refusal because the object is there
// proves the right to write: S3 looks at the policies first.
func (p *Prober) writeEnforced(ctx context.Context) error {
	return refused(p.put(ctx, p.key, true))
}

// writeAndProve finds out whether the store honours conditional writes. A
// refusal proves the right to write but exercises neither encryption nor
// checksum, so that a plain write follows where the destination allows one.
func (p *Prober) writeAndProve(ctx context.Context) error {
	err := p.put(ctx, p.key, true)
	switch {
	case errors.Is(err, store.ErrNotImplemented):
		err = p.put(ctx, p.key, false)
		if err != nil || p.store.Conditional(0) != store.Unknown {
			return err
		}
	case errors.Is(err, store.ErrExists):
		err = p.put(ctx, p.key, false)
		if store.ClassOf(err) == store.ClassDenied {
			p.enforced = true
			return nil
		}
		return refused(err) // by a lock, with which a leftover stays
	case err != nil:
		return err
	}
	return p.prove(ctx, store.ConditionalPut, p.putWhole)
}
