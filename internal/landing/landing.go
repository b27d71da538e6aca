// Package landing turns sealed chunks into durable objects: it encodes them,
// gives every object a key that nothing else has, and puts it into the store.
// It is the Pipeline of package chunk, which decides how many at once.
package landing

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Store is what landing needs of the object store.
type Store interface {
	Writer
	Reader
}

// Writer stores objects.
type Writer interface {
	// Put makes an object durable. With IfNoneMatch it fails with
	// store.ErrExists when the key is taken by an object that is not known to be
	// this one.
	Put(ctx context.Context, o store.Object) (store.Result, error)
	// Sum is the checksum that Put sends with a body.
	Sum(b *store.Body) store.Sum
	// Conditional is what is known about conditional writes of objects of that
	// many bytes.
	Conditional(size int64) store.Known
}

// Reader tells which keys are taken, as far as there is a right to know.
type Reader interface {
	// List returns the first keys, limit of them at most, that begin with prefix
	// and sort after the key after.
	List(ctx context.Context, prefix, after string, limit int) ([]string, error)
	// Head returns the metadata of an object.
	Head(ctx context.Context, key string) (map[string]string, error)
	// Capabilities is what is known, of the right to list among others.
	Capabilities() store.Capabilities
}

// Namer builds the names of objects.
type Namer interface {
	// Name is what the objects share that belong to a path, were opened at the
	// same time and have the same source range.
	Name(path string, o template.ObjectNaming) (template.Name, error)
	// Uses reports whether a placeholder appears in the names.
	Uses(placeholder string) bool
}

// Format is how chunks of one kind are written.
type Format struct {
	// NewEncoder makes an encoder; each encodes one object at a time.
	NewEncoder func() encode.Encoder
	// Namer names the objects.
	Namer Namer
	// ContentType is stored with each object.
	ContentType string
	// ContentEncoding is stored with each object, unless empty.
	ContentEncoding string
}

// Config says how to land chunks.
type Config struct {
	// Data and DeadLetters are the two kinds of objects.
	Data, DeadLetters Format
	// Describe adds object metadata about its records; it may be nil. What does
	// not fit beside Metadata is left out.
	Describe func(records []record.Record) map[string]string
	// Metadata is what the store adds to every object by itself.
	Metadata map[string]string
	// Range returns what {{source_range}} becomes for an object of the records.
	// It may be nil when no name has that placeholder.
	Range func(records []record.Record) string
	// Sums has the content of objects summed as it is encoded, for who writes it
	// somewhere else first.
	Sums bool
	// Journal makes intents durable before they are carried out; it may be nil.
	Journal Journal
}

// Metadata keys of every object, beside the identity that package store adds.
const (
	MetaRows   = "s3d-rows"
	MetaReason = "s3d-roll-reason"
)

// Lander lands chunks. It is safe for concurrent use.
type Lander struct {
	cfg   Config
	store Store
	pool  pool
	names names
	// reads is whether objects may be read, shown by one that was there: without
	// the right to list, S3 refuses to tell of those that are not.
	reads atomic.Uint32
}

var _ chunk.Pipeline = (*Lander)(nil)

// New returns a Lander that puts objects into s.
func New(cfg Config, s Store) *Lander {
	return &Lander{cfg: cfg, store: s, names: newNames()}
}

// encoded is an object waiting to be uploaded.
type encoded struct {
	body *store.Body
	rows int
}

// Release gives the blocks of the object back.
func (e *encoded) Release() { e.body.Reset() }

func (l *Lander) format(kind chunk.Kind) *Format {
	if kind == chunk.DeadLetter {
		return &l.cfg.DeadLetters
	}
	return &l.cfg.Data
}

func (l *Lander) encoder(slot *encoders, kind chunk.Kind) encode.Encoder {
	e := &slot.data
	if kind == chunk.DeadLetter {
		e = &slot.deadLetters
	}
	if *e == nil {
		*e = l.format(kind).NewEncoder()
	}
	return *e
}

// Encode fills one object. After an error, or a panic, the encoder is not used
// again.
func (l *Lander) Encode(_ context.Context, kind chunk.Kind, records []record.Record, limit int64) (chunk.Encoded, encode.Result, error) {
	e := l.pool.take()
	out := &encoded{body: &store.Body{}}
	if l.cfg.Sums {
		out.body = store.Summed()
	}
	res, err := l.encoder(e, kind).Encode(out.body, records, limit)
	if wrote := out.body.Len(); err == nil && wrote != res.Bytes {
		err = fmt.Errorf("encoder reports %d bytes and wrote %d", res.Bytes, wrote)
	}
	if err != nil {
		out.Release()
		return nil, encode.Result{}, err
	}
	l.pool.put(e)
	if res.Rows == 0 {
		return nil, res, nil // and nothing is written
	}
	out.rows = res.Rows
	return out, res, nil
}

// Land names the object and uploads it. A name that is taken, by an earlier run
// or by another writer, is left alone: the object gets another one. Each key is
// settled, and the journal told of it, before the first attempt to store the
// object under it.
//
// The key of an announced object is settled already.
func (l *Lander) Land(ctx context.Context, o chunk.Object) (string, error) {
	if o.Announced != nil {
		return l.landAnnounced(ctx, o)
	}
	a, err := l.attempt(l.settle(o))
	if err != nil {
		return "", err
	}
	defer a.end()
	body := o.Encoded.(*encoded).body
	intent, err := a.first(ctx)
	for tried := ""; err == nil; {
		if err = l.declare(ctx, intent); err != nil {
			break
		}
		_, outcome := l.store.Put(ctx, intent.object(body, o.Recalled, intent.Key == tried))
		tried = intent.Key
		if a.landed(intent, outcome) {
			return intent.Key, nil
		}
		if store.IsRecalled(o.Recalled) {
			return "", outcome
		}
		intent, err = a.next(ctx, intent, outcome)
	}
	return "", err
}

// declare tells the journal of an intent, where there is one.
func (l *Lander) declare(ctx context.Context, i Intent) error {
	if l.cfg.Journal == nil {
		return nil
	}
	if err := l.cfg.Journal.Intend(ctx, i); err != nil {
		return fmt.Errorf("recording the intent to store %s: %w", template.Readable(i.Key), err)
	}
	return nil
}
