package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Destination is where objects go.
type Destination interface {
	// Put stores an object by its intent: nil when it is stored, ErrTaken when
	// its key is taken.
	Put(ctx context.Context, intent []byte, body io.WriterTo) error
	// Ours reports whether the object at the key of an intent is the one that it
	// is about.
	Ours(ctx context.Context, intent []byte) (bool, error)
	// Another returns an intent with another key, for the same object.
	Another(ctx context.Context, intent []byte) ([]byte, error)
}

// ErrTaken says that the key of an intent is taken.
var ErrTaken = errors.New("the key is taken")

// Deliver puts an object of the outbox into the destination, under the key of its
// intent or, where that is taken by another object, under the next one; but never
// under one that is not on disk.
func (s *Spool) Deliver(ctx context.Context, number uint64, d Destination) error {
	for {
		o, err := s.Object(ctx, number)
		if err != nil {
			return err
		}
		body := writerTo(func(w io.Writer) error { return s.Body(ctx, number, w) })
		err = d.Put(ctx, o.Intent, body)
		if errors.Is(err, ErrTaken) {
			var ours bool
			if ours, err = d.Ours(ctx, o.Intent); err == nil && !ours {
				if err = s.another(ctx, o, d); err == nil {
					continue
				}
			}
		}
		if err != nil {
			return fmt.Errorf("delivering an object of %s: %w", o.Path, err)
		}
		return s.Landed(ctx, number)
	}
}

func (s *Spool) another(ctx context.Context, o Object, d Destination) error {
	next, err := d.Another(ctx, o.Intent)
	if err != nil {
		return err
	}
	return s.Rekey(ctx, o.Number, next)
}

// writerTo makes an io.WriterTo of a function.
type writerTo func(w io.Writer) error

// WriteTo implements io.WriterTo.
func (f writerTo) WriteTo(w io.Writer) (int64, error) {
	c := &counter{to: w}
	err := f(c)
	return c.n, err
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
