package spool_test

import (
	"context"
	"errors"
	"io"

	"github.com/s3-destination/s3-destination/internal/spool"
)

// bucket is a store of the tests.
type bucket interface {
	// put stores an object by its intent: nil when it is stored, errTaken when
	// its key is taken.
	put(ctx context.Context, intent []byte, body io.WriterTo) error
	// ours reports whether the object at the key of an intent is the one that it
	// is about.
	ours(ctx context.Context, intent []byte) (bool, error)
	// another returns an intent with another key, for the same object.
	another(ctx context.Context, intent []byte) ([]byte, error)
}

var errTaken = errors.New("the key is taken")

// carried is a store that follows the protocol.
type carried struct{ bucket }

var _ spool.Destination = carried{}

// Carry implements spool.Destination.
func (c carried) Carry(ctx context.Context, o spool.Object, body io.WriterTo, rekey spool.Rekey) error {
	for intent := o.Intent; ; {
		err := c.put(ctx, intent, body)
		if !errors.Is(err, errTaken) {
			return err
		}
		ours, err := c.ours(ctx, intent)
		if err != nil || ours {
			return err
		}
		if intent, err = c.another(ctx, intent); err != nil {
			return err
		}
		if err := rekey(ctx, intent); err != nil {
			return err
		}
	}
}
