// Package inflight is what the inputs and outputs of one process tell each
// other about records that are under way. Benthos hands an output batches and
// nothing else; an input of ours can also say that a batch has lost its owner,
// that everything should be written now, and ask how much memory there is.
//
// Everything in it is safe for concurrent use.
package inflight

import (
	"context"
	"sync"
)

type leaseKey struct{}

// WithLease returns a context for messages whose records may be stored only
// until lease ends: the input has lost the right to acknowledge them, and
// whoever has it now will read them again.
func WithLease(ctx, lease context.Context) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease)
}

// LeaseOf returns the lease of a message's context; nil when the message may be
// stored at any time.
func LeaseOf(ctx context.Context) context.Context {
	lease, _ := ctx.Value(leaseKey{}).(context.Context)
	return lease
}

// Sink is an output that takes records.
type Sink interface {
	// Flush makes the sink write what it holds now. It returns at once.
	Flush()
	// MemoryLimit is the bytes that records may take in it, overheads included.
	MemoryLimit() int64
}

var sinks = struct {
	sync.Mutex
	all map[Sink]struct{}
}{all: map[Sink]struct{}{}}

// Join makes a sink known until the returned function is called.
func Join(s Sink) (leave func()) {
	sinks.Lock()
	defer sinks.Unlock()
	sinks.all[s] = struct{}{}
	return func() {
		sinks.Lock()
		defer sinks.Unlock()
		delete(sinks.all, s)
	}
}

// Flush makes every sink of the process write what it holds. It returns at
// once.
func Flush() {
	for _, s := range known() {
		s.Flush()
	}
}

// MemoryLimit is the sum of the limits of all sinks in bytes; zero when there
// is none.
func MemoryLimit() int64 {
	total := int64(0)
	for _, s := range known() {
		total += s.MemoryLimit()
	}
	return total
}

// known is a copy, so that no sink is called with the lock held.
func known() []Sink {
	sinks.Lock()
	defer sinks.Unlock()
	all := make([]Sink, 0, len(sinks.all))
	for s := range sinks.all {
		all = append(all, s)
	}
	return all
}

// What a record and a batch cost in memory beside the payload, in bytes, until
// they are acknowledged; measured on Benthos 4.80, see docs/benchmarks.md.
const (
	RecordOverhead = 600
	BatchOverhead  = 8500
)
