package inflight

import (
	"context"
	"sync/atomic"
)

type parcelKey struct{}

// straight is set while nothing stands between the input and the output of the
// process that looks at records.
var straight atomic.Bool

// packed is set once any message of this process has a parcel.
var packed atomic.Bool

// SetStraight says whether the process runs one pipeline in which nothing stands
// between an input and an output of ours: no processor, buffer, batching or other
// output. Only who has read the configuration knows that.
func SetStraight(is bool) { straight.Store(is) }

// Straight reports what was said with [SetStraight]; false while nobody has.
func Straight() bool { return straight.Load() }

// WithParcel returns a context for a message that stands for all records of a batch.
// What a parcel is, is between the input and the output.
func WithParcel(ctx context.Context, parcel any) context.Context {
	packed.Store(true)
	return context.WithValue(ctx, parcelKey{}, parcel)
}

// Packed reports whether any message of this process has had a parcel.
func Packed() bool { return packed.Load() }

// ParcelOf returns the parcel of a message's context; nil when the message is a record.
func ParcelOf(ctx context.Context) any {
	return ctx.Value(parcelKey{})
}
