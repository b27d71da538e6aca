package landing

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// landAnnounced uploads an object whose key is settled: nobody but those who form
// this very object have it. That the key is taken means that one of them has stored
// it already, unless nothing is there: then the caller tries again.
func (l *Lander) landAnnounced(ctx context.Context, o chunk.Object) (string, error) {
	i, err := l.announced(o)
	if err != nil {
		return "", err
	}
	body := o.Encoded.(*encoded).body
	for {
		if err := l.declare(ctx, i); err != nil {
			return "", err
		}
		_, err = l.store.Put(ctx, i.object(body, o.Recalled, false))
		switch {
		case errors.Is(err, store.ErrExists) && l.vacant(ctx, i.Key):
			return "", fmt.Errorf("%w: the store calls %s taken, a key that only this object has, and nothing is there: "+
				"a policy, a proxy or the store itself refuses what is written with If-None-Match: %w",
				store.ErrRefused, template.Readable(i.Key), err)
		case err == nil || errors.Is(err, store.ErrExists) || store.Taken(err) != nil:
			return i.Key, nil //nolint:nilerr // it is taken by this object
		case errors.Is(err, store.ErrNotImplemented) && i.Conditional && l.store.Conditional(i.Size) == store.Refuted:
			i.Conditional = false // whoever writes it writes the same
		default:
			return "", err
		}
	}
}

// vacant reports whether it can be seen that nothing is under a key. Without the right
// to see that, the store is believed: storing announced objects takes no right but to
// write.
func (l *Lander) vacant(ctx context.Context, key string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	_, err := l.store.Head(ctx, key)
	return errors.Is(err, store.ErrNotFound)
}

// announced settles the intent of an announced object. Where the name has no
// {{uuid}} it gets a unique suffix: a key that is taken must be taken by this
// object.
func (l *Lander) announced(o chunk.Object) (Intent, error) {
	i := l.settle(o)
	n, err := l.format(o.Kind).Namer.Name(o.Path, i.naming())
	if err != nil {
		return Intent{}, fmt.Errorf("naming an object of %s: %w", template.Readable(o.Path), err)
	}
	i.Unique, i.Conditional = true, l.store.Conditional(i.Size) != store.Refuted
	i.Number = min(o.Announced.Number, template.MaxNumber)
	naming := template.ObjectNaming{ChunkID: i.Number, UUID: o.Announced.UUID}
	if !n.Unique() {
		naming.Suffix = o.Announced.UUID
	}
	if i.Key, err = n.Key(naming); err != nil {
		return Intent{}, fmt.Errorf("naming an object of %s: %w", n, err)
	}
	return i, nil
}
