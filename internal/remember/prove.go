package remember

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/store"
)

// marker is the object that rights and conditions are tried with. It stays.
const marker = Folder + "_s3_destination"

// nobody is the ETag of no object.
const nobody = `"00000000000000000000000000000000"`

// What a destination may lack, and what to do about it.
var (
	// ErrIgnored says that writers would replace what others have written.
	ErrIgnored = errors.New("the store ignores If-Match, so that processes would replace each other's columns: keep them in a file (schema.state), or declare them (s3-destination schema)")
	errWithout = errors.New("schema.remember: bucket needs s3:GetObject on the objects in the folder _schema/ (s3-destination policy writes the statement): grant it, or keep the columns in a file (schema.state)")
	errLocked  = errors.New("objects in the folder _schema/ cannot be replaced, as schema.remember: bucket does it: except it from the lock of the bucket, or keep the columns in a file (schema.state)")
)

// Prove finds out whether columns can be kept: whether objects may be read and
// replaced as well as written, and whether conditions are honoured. It leaves one object
// behind.
func (b *Bucket) Prove(ctx context.Context) error {
	o := store.Object{
		Key:  b.cfg.Prefix + marker,
		Body: store.BodyOf([]byte("What the objects here are for: docs/columns.md of s3-destination.\n")),
	}
	etag, err := b.mark(ctx, o)
	if err != nil {
		return err
	}
	o.IfMatch = nobody
	_, err = b.objects.Put(ctx, o)
	switch {
	case err == nil, errors.Is(err, store.ErrNotImplemented), errors.Is(err, store.ErrChanged) && b.objects.Conditional(0) == store.Refuted:
		return ErrIgnored
	case !errors.Is(err, store.ErrChanged):
		return fmt.Errorf("trying a conditional write: %w", err)
	}
	// Others may replace it at the same moment, each time with the same content.
	const tries = 3
	for range tries {
		o.IfMatch = etag
		if _, err = b.objects.Put(ctx, o); !errors.Is(err, store.ErrChanged) {
			break
		}
		if _, etag, err = b.objects.Get(ctx, o.Key, largest); err != nil {
			break
		}
		err = errLocked
	}
	if err != nil && !errors.Is(err, errLocked) {
		return fmt.Errorf("replacing an object: %w", err)
	}
	return err
}

// mark makes the marker, unless it is there, and returns its ETag.
func (b *Bucket) mark(ctx context.Context, o store.Object) (string, error) {
	_, etag, err := b.objects.Get(ctx, o.Key, largest)
	if errors.Is(err, store.ErrNotFound) || store.ClassOf(err) == store.ClassDenied {
		// It may be missing. One that cannot be read although it is there is missing a
		// right.
		o.IfNoneMatch = true
		switch _, put := b.objects.Put(ctx, o); {
		case errors.Is(put, store.ErrNotImplemented):
			return "", ErrIgnored
		case put != nil && !errors.Is(put, store.ErrExists):
			return "", fmt.Errorf("writing where columns are kept: %w", put)
		}
		_, etag, err = b.objects.Get(ctx, o.Key, largest)
		if store.ClassOf(err) == store.ClassDenied {
			return "", fmt.Errorf("%w: %w", errWithout, err)
		}
	}
	if err != nil {
		return "", fmt.Errorf("reading back what is kept of columns: %w", err)
	}
	return etag, nil
}
