// Package inflight is what the inputs and outputs of one stream tell each
// other about records that are under way. Benthos hands an output batches and
// nothing else; an input of ours can also say that a batch has lost its owner,
// that everything should be written now, and ask how much memory there is.
//
// Everything in it is safe for concurrent use.
package inflight

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

type leaseKey struct{}

// leased is set once any message of this process has a lease: until then no
// message is asked for it.
var leased atomic.Bool

// WithLease returns a context for messages whose records may be stored only
// until lease ends: the input has lost the right to acknowledge them, and
// whoever has it now will read them again.
func WithLease(ctx, lease context.Context) context.Context {
	leased.Store(true)
	return context.WithValue(ctx, leaseKey{}, lease)
}

// LeaseOf returns the lease of a message's context; nil when the message may be
// stored at any time.
func LeaseOf(ctx context.Context) context.Context {
	if !leased.Load() {
		return nil
	}
	lease, _ := ctx.Value(leaseKey{}).(context.Context)
	return lease
}

// Sink is an output that takes records.
type Sink interface {
	// Flush makes the sink write what it holds now. It returns at once.
	Flush()
	// Relieve makes the sink write some of what it holds, because nothing more
	// can come before. It returns at once.
	Relieve()
	// MemoryLimit is the bytes that records may take in it, overheads included.
	MemoryLimit() int64
	// Slots is how many batches it can be given at once.
	Slots() int
}

// stream is what is known of the inputs and outputs of one stream: "" unless the
// process runs several.
type stream struct {
	sinks   map[Sink]struct{}
	readers int
}

var streams = struct {
	sync.Mutex
	all map[string]*stream
}{all: map[string]*stream{}}

// change lets something alter what is known of a stream.
func change(name string, alter func(s *stream)) {
	streams.Lock()
	defer streams.Unlock()
	s := streams.all[name]
	if s == nil {
		s = &stream{sinks: map[Sink]struct{}{}}
		streams.all[name] = s
	}
	alter(s)
	if len(s.sinks) == 0 && s.readers == 0 {
		delete(streams.all, name)
	}
}

// Join makes a sink of a stream known until the returned function is called.
func Join(name string, sink Sink) (leave func()) {
	change(name, func(s *stream) { s.sinks[sink] = struct{}{} })
	return func() { change(name, func(s *stream) { delete(s.sinks, sink) }) }
}

// Read notes an input of a stream, until the returned function is called.
func Read(name string) (done func()) {
	change(name, func(s *stream) { s.readers++ })
	return sync.OnceFunc(func() { change(name, func(s *stream) { s.readers-- }) })
}

// Flush makes the sinks of a stream write what they hold. It returns at once.
func Flush(name string) {
	sinks, _ := known(name)
	for _, s := range sinks {
		s.Flush()
	}
}

// Relieve tells the sinks of a stream that an input has to wait until something
// is stored. It returns at once.
func Relieve(name string) {
	sinks, _ := known(name)
	for _, s := range sinks {
		s.Relieve()
	}
}

// Share is the part of the memory of all sinks of a stream that one of its
// inputs may use, in bytes; zero when there is no sink.
func Share(name string) int64 {
	total := int64(0)
	sinks, readers := known(name)
	for _, s := range sinks {
		total += s.MemoryLimit()
	}
	return total / int64(max(readers, 1))
}

// usualSlots is how many batches a sink can be given unless it is configured.
const usualSlots = 1000

// Slots is how many batches an input of a stream may have under way at once so
// that each of the sinks can be given all of them.
func Slots(name string) int {
	sinks, readers := known(name)
	n := 0
	for i, s := range sinks {
		if slots := s.Slots(); i == 0 || slots < n {
			n = slots
		}
	}
	if n == 0 {
		n = usualSlots
	}
	return max(n/max(readers, 1), 1)
}

// known returns the sinks and the number of inputs of a stream. The sinks are a
// copy, so that none is called with the lock held.
func known(name string) (sinks []Sink, readers int) {
	streams.Lock()
	defer streams.Unlock()
	s := streams.all[name]
	if s == nil {
		return nil, 0
	}
	return slices.Collect(maps.Keys(s.sinks)), s.readers
}

// What a record and a batch cost in memory beside the payload, in bytes, until
// they are acknowledged; measured on Benthos 4.80, see docs/benchmarks.md.
const (
	RecordOverhead = 700
	BatchOverhead  = 8500
)
