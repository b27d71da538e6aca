// Package resend recognises batches of which some records are stored and that
// are sent again as a whole.
package resend

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// Memory remembers batches of which some records were stored and others failed,
// because there are components (retry, broker, switch) that send such a batch
// again as a whole. What is stored of it is then not stored again.
//
// A batch is taken for one that is remembered only if each of its messages is a
// copy of the one at the same place: the same payload in the same memory, the
// same context, and equal metadata. Inputs give each message a context of its
// own; a batch in which two messages share one, as parts of one message do, is
// not remembered. The memory and the contexts cannot have become those of
// others, because they are held here. It is safe for concurrent use.
type Memory struct {
	enabled bool
	some    atomic.Bool // so that there is nothing to do where no batch failed

	mu      sync.Mutex
	batches []*Batch // the oldest first
	bytes   int64
}

// Batch is a batch of which some records are stored.
type Batch struct {
	batch  service.MessageBatch
	stored []bool
	bytes  int64
	until  time.Time
}

// NewMemory returns the memory of the output at a path of a configuration. It
// remembers nothing where nobody around the output sends batches again.
func NewMemory(path []string) *Memory { return &Memory{enabled: wrapped(path)} }

// What is remembered at most, and for how long.
const (
	resendBatches = 64
	resendBytes   = 16 << 20
	resendTime    = 5 * time.Minute
	// messageSize is what a message takes beside its payload.
	messageSize = 700
)

// wrapped reports whether an output at that path of a configuration can have a
// component around it that sends batches again. One among the resources may
// have several, each of which means to have the batch stored.
func wrapped(path []string) bool {
	return len(path) > 0 && path[0] == "output" &&
		slices.ContainsFunc(path, func(s string) bool { return s == "retry" || s == "broker" || s == "switch" })
}

// Take returns what is known of a batch, nil if it is not remembered. Whoever
// takes it must remember the batch again.
func (r *Memory) Take(batch service.MessageBatch) *Batch {
	if !r.some.Load() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(time.Now())
	for i, h := range r.batches {
		if h.is(batch) {
			r.forget(i)
			return h
		}
	}
	return nil
}

// Put remembers what Take has returned.
func (r *Memory) Put(h *Batch) {
	if h == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h.until = time.Now().Add(resendTime)
	r.batches = append(r.batches, h)
	r.bytes += h.bytes
	for len(r.batches) > resendBatches || r.bytes > resendBytes {
		r.forget(0)
	}
	r.some.Store(len(r.batches) > 0)
}

// Remember keeps a batch whose failures are about to be reported. h is what is
// known from before.
func (r *Memory) Remember(batch service.MessageBatch, failures []chunk.Failure, h *Batch) {
	if !r.enabled || len(failures) == 0 || len(failures) == len(batch) {
		return
	}
	if h == nil {
		if h = newBatch(batch); h == nil {
			return
		}
	}
	for i := range h.stored {
		h.stored[i] = true
	}
	for _, f := range failures {
		h.stored[f.Index] = false
	}
	r.Put(h)
}

// expire forgets what is too old. The caller holds the lock.
func (r *Memory) expire(now time.Time) {
	for len(r.batches) > 0 && now.After(r.batches[0].until) {
		r.forget(0)
	}
}

// forget removes a batch. The caller holds the lock.
func (r *Memory) forget(i int) {
	r.bytes -= r.batches[i].bytes
	r.batches = slices.Delete(r.batches, i, i+1)
	r.some.Store(len(r.batches) > 0)
}

// newBatch returns nil for a batch that could not be told from another, or
// is too large.
func newBatch(batch service.MessageBatch) *Batch {
	h := &Batch{batch: batch, stored: make([]bool, len(batch))}
	contexts := make(map[context.Context]bool, len(batch))
	for _, m := range batch {
		h.bytes += messageSize + payloadSize(m)
		if h.bytes > resendBytes || !isCopy(m, m) || contexts[m.Context()] {
			return nil
		}
		contexts[m.Context()] = true
	}
	return h
}

func payloadSize(m *service.Message) int64 {
	if !m.HasBytes() {
		return 4 * messageSize // parsed, and shared with whoever sends it again
	}
	raw, _ := m.AsBytes()
	return int64(len(raw))
}

// is reports whether a batch is the one that is remembered.
func (h *Batch) is(batch service.MessageBatch) bool {
	if len(batch) != len(h.batch) {
		return false
	}
	for i, m := range batch {
		if !isCopy(m, h.batch[i]) || !sameMetadata(m, h.batch[i]) {
			return false
		}
	}
	return true
}

// Done reports whether the record at that place of the batch is stored.
func (h *Batch) Done(i int) bool { return h != nil && h.stored[i] }

// isCopy reports whether two messages share their context and their payload.
func isCopy(a, b *service.Message) bool {
	if ctx := a.Context(); !distinct(ctx) || !distinct(b.Context()) || ctx != b.Context() {
		return false
	}
	if a.HasBytes() && b.HasBytes() {
		x, errX := a.AsBytes()
		y, errY := b.AsBytes()
		if errX == nil && errY == nil && len(x) > 0 && len(x) == len(y) && &x[0] == &y[0] {
			return true
		}
	}
	if !a.HasStructured() || !b.HasStructured() {
		return false
	}
	x, errX := a.AsStructured()
	y, errY := b.AsStructured()
	return errX == nil && errY == nil && sameMemory(x, y)
}

// distinct reports whether a context can belong to one message alone: it has an
// identity, and is not the background, which is a value.
func distinct(ctx context.Context) bool {
	return ctx != nil && reflect.TypeOf(ctx).Kind() == reflect.Pointer
}

// sameMemory reports whether two parsed values are one.
func sameMemory(x, y any) bool {
	a, b := reflect.ValueOf(x), reflect.ValueOf(y)
	if !a.IsValid() || !b.IsValid() || a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() { //nolint:exhaustive // other values have no place in memory
	case reflect.Map:
		return a.Pointer() == b.Pointer()
	case reflect.Slice:
		return a.Len() > 0 && a.Len() == b.Len() && a.Pointer() == b.Pointer()
	}
	return false
}

// sameMetadata compares the metadata of two messages.
func sameMetadata(a, b *service.Message) bool {
	n := 0
	same := true
	_ = a.MetaWalkMut(func(key string, value any) error {
		other, ok := b.MetaGetMut(key)
		same = same && ok && reflect.DeepEqual(value, other)
		n++
		return nil
	})
	_ = b.MetaWalkMut(func(string, any) error {
		n--
		return nil
	})
	return same && n == 0
}
