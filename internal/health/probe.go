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
}

// Conditions tells whether a store honours conditional writes.
type Conditions uint8

// What a probe can find out about conditional writes.
const (
	// Unknown: this probe did not look, or could not tell.
	Unknown Conditions = iota
	// Honoured: a write with If-None-Match to a taken key was refused.
	Honoured
	// Ignored: such a write succeeded, or is not implemented.
	Ignored
)

// Verdict is the outcome of one probe.
type Verdict struct {
	// Err is nil when the destination accepts data.
	Err error
	// Leftover is why the temporary object could not be deleted, which does
	// not make a destination unhealthy; nil when it was.
	Leftover error
	// Conditions is what was learned about conditional writes.
	Conditions Conditions
	// Latency is how long the writes took, all their tries included.
	Latency time.Duration
}

// Class is the class of the error, empty for a healthy destination.
func (v Verdict) Class() store.Class { return store.ClassOf(v.Err) }

// Prober probes one destination. Its methods must not be called concurrently.
type Prober struct {
	store Store
	key   string
	// honoured: the store is known to honour conditional writes, so that data
	// is written conditionally as well.
	honoured bool
	// enforced: the destination accepts conditional writes only.
	enforced bool
}

// NewProber returns a prober that writes under prefix, which is empty or ends
// with a slash. The key is stable, so that leftovers never pile up, and begins
// with an underscore, so that Hive, Athena and Spark skip it.
func NewProber(s Store, prefix, label string) *Prober {
	name := "_s3_destination_probe"
	if label != "" {
		name += "_" + strings.Map(keySafe, label)
	}
	return &Prober{store: s, key: prefix + name}
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

// Probe writes and deletes the temporary object, with nothing but the right
// s3:PutObject. With conditions it also finds out whether the store honours
// conditional writes, at the price of one more request, and from then on
// accepts that a destination takes no others.
func (p *Prober) Probe(ctx context.Context, conditions bool) Verdict {
	var v Verdict
	began := time.Now()
	if conditions {
		v.Conditions, v.Err = p.tryConditions(ctx)
		p.honoured = p.honoured || v.Conditions == Honoured
	} else {
		v.Err = p.try(ctx)
	}
	v.Latency = time.Since(began)
	if v.Err != nil {
		v.Err = fmt.Errorf("checking the destination: %w", v.Err)
		return v
	}
	// Tried even if it was refused before: the right may have been granted.
	v.Leftover = p.store.Delete(ctx, p.key)
	return v
}

func (p *Prober) put(ctx context.Context, ifNoneMatch bool) error {
	_, err := p.store.Put(ctx, store.Object{Key: p.key, IfNoneMatch: ifNoneMatch})
	return err
}

// try writes the way that data is written.
func (p *Prober) try(ctx context.Context) error {
	if p.enforced {
		return p.tryEnforced(ctx)
	}
	err := p.put(ctx, false)
	if errors.Is(err, store.ErrExists) {
		return nil // a locked leftover: the right to write was looked at before
	}
	if p.honoured && store.ClassOf(err) == store.ClassDenied {
		// A policy may demand If-None-Match, as data is written with it.
		if p.tryEnforced(ctx) == nil {
			p.enforced = true
			return nil
		}
	}
	return err
}

// tryEnforced writes conditionally. A refusal because the object is there
// proves the right to write: S3 looks at the policies first.
func (p *Prober) tryEnforced(ctx context.Context) error {
	if err := p.put(ctx, true); !errors.Is(err, store.ErrExists) {
		return err
	}
	return nil
}

// repeats is how many conditional writes in a row must succeed, after the first,
// for a store to count as one that ignores conditions: between two of them
// another process with the same key may remove the object.
const repeats = 3

// tryConditions writes on the condition that there is no object, and again if
// that succeeds: then it must be refused. A refusal proves the right to write
// but exercises neither encryption nor checksum, so that a plain write follows
// where the destination allows one.
func (p *Prober) tryConditions(ctx context.Context) (Conditions, error) {
	err := p.put(ctx, true)
	switch {
	case errors.Is(err, store.ErrNotImplemented):
		return Ignored, p.put(ctx, false)
	case errors.Is(err, store.ErrExists):
		switch err := p.put(ctx, false); {
		case store.ClassOf(err) == store.ClassDenied:
			p.enforced = true
		case err != nil && !errors.Is(err, store.ErrExists): // a locked leftover
			return Honoured, err
		}
		return Honoured, nil
	case err != nil:
		return Unknown, err
	}
	for range repeats {
		switch err := p.put(ctx, true); {
		case errors.Is(err, store.ErrExists):
			return Honoured, nil
		case err != nil:
			return Unknown, err
		}
	}
	return Ignored, nil
}
