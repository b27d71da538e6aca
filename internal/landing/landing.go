// Package landing turns sealed chunks into durable objects: it encodes them,
// gives every object a key that nothing else has, and puts it into the store.
// It is the Pipeline of package chunk, which decides how many at once.
package landing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"

	"github.com/gofrs/uuid/v5"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Store is what landing needs of the object store.
type Store interface {
	// Put makes an object durable. With IfNoneMatch it fails with
	// store.ErrExists when the key is taken by an object that is not ours.
	Put(ctx context.Context, o store.Object) (store.Result, error)
	// ListAfter calls fn for the keys after a key that begin with prefix, in
	// order, until fn returns false.
	ListAfter(ctx context.Context, prefix, after string, fn func(key string) bool) error
}

// Namer builds object keys.
type Namer interface {
	// Key is the key of an object of a partition.
	Key(path string, o template.ObjectNaming) (string, error)
	// ListPrefix is what all keys of a name begin with.
	ListPrefix(path string, o template.ObjectNaming) string
	// ChunkIDOf finds the chunk id in a key of a name.
	ChunkIDOf(path string, o template.ObjectNaming, key string) (int, bool)
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
	// Describe adds object metadata about its records; it may be nil.
	Describe func(records []record.Record) map[string]string
	// Range returns what {{source_range}} becomes for an object of the records.
	// It may be nil when no name has that placeholder.
	Range func(records []record.Record) string
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
	names sequences
	// suffixed is set once the store turns out not to honour conditional
	// writes: then every key gets a unique suffix.
	suffixed atomic.Bool
}

var _ chunk.Pipeline = (*Lander)(nil)

// New returns a Lander that puts objects into s.
func New(cfg Config, s Store) *Lander {
	return &Lander{cfg: cfg, store: s}
}

// WithoutConditions makes the Lander rely on unique names instead of
// conditional writes, for stores that ignore If-None-Match.
func (l *Lander) WithoutConditions() { l.suffixed.Store(true) }

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
	res, err := l.encoder(e, kind).Encode(out.body, records, limit)
	if err == nil {
		l.pool.put(e)
	}
	switch {
	case err != nil:
		out.Release()
		return nil, encode.Result{}, err
	case out.body.Len() != res.Bytes:
		wrote := out.body.Len()
		out.Release()
		return nil, encode.Result{}, fmt.Errorf("encoder reports %d bytes and wrote %d", res.Bytes, wrote)
	case res.Rows == 0:
		out.Release()
		return nil, res, nil
	}
	out.rows = res.Rows
	return out, res, nil
}

// Land names the object and uploads it. A name that is taken, by an earlier
// run or by another writer, is left alone: the object gets the next number.
func (l *Lander) Land(ctx context.Context, o chunk.Object) (string, error) {
	f, e := l.format(o.Kind), o.Encoded.(*encoded)
	object := store.Object{
		Body:            e.body,
		ContentType:     f.ContentType,
		ContentEncoding: f.ContentEncoding,
		Identity:        o.ID,
		Metadata:        l.metadata(o, e),
	}
	name := l.name(f.Namer, o)
	seq, err := l.sequence(f.Namer, o, name)
	if err != nil {
		return "", err
	}
	for range maxTaken {
		name.ChunkID = seq.take()
		object.IfNoneMatch = !l.suffixed.Load()
		if object.Key, err = key(f.Namer, o, name, !object.IfNoneMatch); err != nil {
			return "", err
		}
		_, err = l.store.Put(ctx, object)
		switch {
		case errors.Is(err, store.ErrExists):
			l.advance(ctx, seq, f.Namer, o, name, object.Key)
		case errors.Is(err, store.ErrNotImplemented) && object.IfNoneMatch:
			l.WithoutConditions()
		case err != nil:
			return "", err
		default:
			return object.Key, nil
		}
		if err := ctx.Err(); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("naming an object of partition %q: %d names in a row are taken, the last one %s; "+
		"add {{uuid}} or {{timestamp}} to file_name, or grant s3:ListBucket so that the end of the numbers is found at once",
		o.Path, maxTaken, object.Key)
}

// maxTaken is how many taken names make us give up. Without listing, strides
// find the end of a million objects in a fifth of that.
const maxTaken = 500

// name is what is settled about an object's name before the first attempt to
// store it. Records do not change from attempt to attempt, so neither does it.
func (l *Lander) name(n Namer, o chunk.Object) template.ObjectNaming {
	name := template.ObjectNaming{Opened: o.Opened}
	if l.cfg.Range != nil && n.Uses("source_range") {
		name.SourceRange = l.cfg.Range(o.Records)
	}
	return name
}

// sequence returns the numbering of the object's name. A name made unique by
// a uuid alone needs none: the next uuid is the next name. One made unique by
// its source range is that of no other object, unless records were delivered
// again: its numbers begin at 1 and need not be remembered.
func (l *Lander) sequence(n Namer, o chunk.Object, name template.ObjectNaming) (*sequence, error) {
	switch {
	case n.Uses("chunk_id"):
		name.SourceRange = "" // numbers count on from range to range
		return l.names.of(n, o, name)
	case n.Uses("uuid"):
		return &sequence{next: 1, fixed: true}, nil
	case name.SourceRange != "":
		return &sequence{next: 1}, nil
	}
	return l.names.of(n, o, name)
}

// key names an object.
func key(n Namer, o chunk.Object, name template.ObjectNaming, suffixed bool) (string, error) {
	unique, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("naming an object of partition %q: %w", o.Path, err)
	}
	name.UUID = unique.String()
	if suffixed {
		name.Suffix = unique.String()
	}
	return n.Key(o.Path, name)
}

func (l *Lander) metadata(o chunk.Object, e *encoded) map[string]string {
	meta := map[string]string{}
	if l.cfg.Describe != nil && o.Kind == chunk.Data {
		maps.Copy(meta, l.cfg.Describe(o.Records))
	}
	meta[MetaRows] = strconv.Itoa(e.rows)
	meta[MetaReason] = string(o.Reason)
	return meta
}

// advance moves a sequence beyond a number that is taken: to the end of what
// exists where listing is allowed, in growing strides where it is not.
func (l *Lander) advance(ctx context.Context, seq *sequence, n Namer, o chunk.Object, name template.ObjectNaming, key string) {
	id := name.ChunkID
	seq.listing.Lock()
	defer seq.listing.Unlock()
	if seq.fixed || seq.beyond(id) {
		return // somebody else has just looked
	}
	highest := id
	if !l.names.mayList() {
		seq.raise(id + 1 + id/stride)
		return
	}
	err := l.store.ListAfter(ctx, n.ListPrefix(o.Path, name), listAfter(n, o, name, key), func(k string) bool {
		if found, ok := n.ChunkIDOf(o.Path, name, k); ok {
			highest = max(highest, found)
		}
		return true
	})
	if err == nil {
		seq.raise(highest + 1)
		return
	}
	if store.ClassOf(err) == store.ClassDenied {
		l.names.denyListing()
	}
	seq.raise(id + 1 + id/stride)
}

// stride makes numbers grow by an eighth of what exists when listing is not
// allowed: the end of ten thousand objects is found in 80 requests, and a
// restart wastes an eighth of the numbers at most.
const stride = 8

// listAfter is a key all later numbers sort after, so that a listing does not
// begin with objects that are known to exist; empty when there is none.
func listAfter(n Namer, o chunk.Object, name template.ObjectNaming, key string) string {
	if name.ChunkID < 2 {
		return "" // the first name may lack a number and sort after the others
	}
	name.ChunkID++
	later, err := n.Key(o.Path, name)
	if err != nil || later < key {
		return ""
	}
	return key
}
