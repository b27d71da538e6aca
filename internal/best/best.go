// Package best keeps the few best of many, for those that look at all of something
// and show the head of it.
package best

import "slices"

// Of keeps some of the values that it is offered. Make one with [New].
type Of[T any] struct {
	most   int
	before func(a, b T) bool
	sorted []T
}

// New keeps so many at most of those that come first by before.
func New[T any](most int, before func(a, b T) bool) *Of[T] {
	return &Of[T]{most: most, before: before, sorted: make([]T, 0, most+1)}
}

// Offer keeps a value, unless there are enough that come before it.
func (o *Of[T]) Offer(v T) {
	if n := len(o.sorted); n == o.most && (n == 0 || !o.before(v, o.sorted[n-1])) {
		return
	}
	at, _ := slices.BinarySearchFunc(o.sorted, v, func(kept, v T) int {
		if o.before(v, kept) {
			return 1
		}
		return -1 // of equals the first one stays
	})
	o.sorted = slices.Insert(o.sorted, at, v)
	if len(o.sorted) > o.most {
		o.sorted = o.sorted[:o.most]
	}
}

// All are those that were kept, the first one first.
func (o *Of[T]) All() []T { return o.sorted }

// Together are those of two lists, without those of the second one that the first has
// too.
func Together[T comparable](some, more []T) []T {
	all := slices.Clone(some)
	for _, v := range more {
		if !slices.Contains(some, v) {
			all = append(all, v)
		}
	}
	return all
}
