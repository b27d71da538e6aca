package remember

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Folder is where the objects are, below what all keys begin with. Hive, Spark and
// Athena skip names that begin with an underscore.
const Folder = "_schema/"

// Objects is what is needed of the object store.
type Objects interface {
	Get(ctx context.Context, key string, most int64) (content []byte, etag string, err error)
	Put(ctx context.Context, o store.Object) (store.Result, error)
	// Conditional is what the health check has found out about conditions.
	Conditional(size int64) store.Known
}

// Config says where and how long.
type Config struct {
	// Prefix is what all keys begin with; empty, or with a final slash.
	Prefix string
	// GiveUpAfter is how long a store that is down is waited for; zero means for
	// ever.
	GiveUpAfter time.Duration
	// Waiting is told each time that it is down; it may be nil.
	Waiting func(err error)
}

// Bucket is the shelf. It is safe for concurrent use.
type Bucket struct {
	objects Objects
	cfg     Config
	taken   sync.Map // keys that are known to exist
	closed  chan struct{}
	close   sync.Once
}

var _ schema.Shelf = (*Bucket)(nil)

// New returns the shelf of a destination.
func New(o Objects, cfg Config) *Bucket {
	return &Bucket{objects: o, cfg: cfg, closed: make(chan struct{})}
}

// Close ends what waits. Columns are not kept any more.
func (b *Bucket) Close() { b.close.Do(func() { close(b.closed) }) }

// largest is the most that is read: ten times what max_columns may make of it.
const largest = 32 << 20

// Read implements [schema.Shelf].
func (b *Bucket) Read(dataset string) (text []byte, version string, err error) {
	key := b.Key(dataset)
	err = b.patiently(func(ctx context.Context) error {
		text, version, err = b.objects.Get(ctx, key, largest)
		return err
	})
	_, taken := b.taken.Load(key)
	switch {
	case err == nil:
		b.taken.Store(key, true)
		return text, version, nil
	case errors.Is(err, store.ErrNotFound), store.ClassOf(err) == store.ClassDenied && !taken:
		// Without s3:ListBucket nobody is told that an object is missing. If it is
		// there, writing it for the first time fails.
		return nil, "", nil
	}
	return nil, "", err
}

// Write implements [schema.Shelf].
func (b *Bucket) Write(dataset string, text []byte, version string) (string, error) {
	o := store.Object{
		Key: b.Key(dataset), Body: store.BodyOf(text), ContentType: "application/json",
		IfMatch: version, IfNoneMatch: version == "",
	}
	var result store.Result
	err := b.patiently(func(ctx context.Context) (err error) {
		result, err = b.objects.Put(ctx, o)
		return err
	})
	if err == nil || errors.Is(err, store.ErrExists) {
		b.taken.Store(o.Key, true)
	}
	if store.ClassOf(err) == store.ClassExists {
		return "", schema.ErrMoved
	}
	return result.ETag, err
}

// longest is how much of a dataset's name a key has; stores refuse names of more than
// 255 bytes between slashes.
const longest = 160

// Key is the key of the object of a dataset.
func (b *Bucket) Key(dataset string) string {
	name := template.Confined(dataset)
	if len(name) > longest {
		sum := sha256.Sum256([]byte(dataset))
		name = strings.ToValidUTF8(name[:longest], "") + "-" + hex.EncodeToString(sum[:8])
	}
	return b.cfg.Prefix + Folder + name + ".json"
}

// pauses between tries while the store is down.
const (
	firstPause = time.Second
	mostPause  = 20 * time.Second
)

// patiently waits for a store that is down, as data does. What only concerns this
// object, and a missing right, it does not wait for.
func (b *Bucket) patiently(try func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-b.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	began := time.Now()
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := try(ctx)
		if !down(err) || b.cfg.GiveUpAfter > 0 && time.Since(began) >= b.cfg.GiveUpAfter {
			return err
		}
		if b.cfg.Waiting != nil {
			b.cfg.Waiting(err)
		}
		select {
		case <-time.After(rand.N(pause)): //nolint:gosec // spreads load
		case <-ctx.Done():
			return err
		}
	}
}

// down reports whether data could not be stored either.
func down(err error) bool {
	class := store.ClassOf(err)
	return class.DestinationLevel() && class != store.ClassDenied && class != store.ClassKMS
}
