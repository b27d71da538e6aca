package model

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// Order is the order in which states are explored.
type Order bool

// By breadth the way to a violation is the shortest; by depth few states are in
// memory at once.
const (
	Breadth Order = false
	Depth   Order = true
)

// Result is what an exploration has found.
type Result struct {
	States    int
	Complete  bool     // every state was visited
	Violation string   // "" when everything holds
	Way       []string // what led to it
}

// Explore visits the states of an instance, up to a number of them, in which
// every rule but those that are broken is kept.
func Explore(in Instance, broken Rule, order Order, limit int) Result {
	x := explorer{
		machine: machine{in: in, broken: broken}, limit: limit, order: order,
		seen: map[[2]uint64]struct{}{}, checked: map[[2]uint64]struct{}{},
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	return x.run()
}

type explorer struct {
	machine
	order         Order
	limit         int
	seen, checked map[[2]uint64]struct{}
	seeds         [2]maphash.Seed
	ways          []way
	queue         []found
	bytes         []byte
}

// way is how a state was found: as which successor of which other one.
type way struct{ from, nth int32 }

type found struct {
	state state
	way   int32
}

func (x *explorer) run() Result {
	s := initial()
	x.add(&s, way{from: -1})
	for len(x.queue) > 0 {
		if len(x.seen) > x.limit {
			return Result{States: len(x.seen)}
		}
		f := x.take()
		nth, wrong := int32(0), ""
		x.next(&f.state, func(_ step, n *state) {
			if wrong == "" && x.add(n, way{f.way, nth}) {
				wrong = x.verdict(n)
			}
			nth++
		})
		if wrong != "" {
			return Result{States: len(x.seen), Violation: wrong, Way: x.told()}
		}
	}
	return Result{States: len(x.seen), Complete: true}
}

// add notes a state, and reports whether it is a new one.
func (x *explorer) add(s *state, w way) bool {
	x.bytes = x.workers(x.bytes[:0], s)
	x.bytes = x.world(x.bytes, s)
	if !x.first(x.seen) {
		return false
	}
	x.queue = append(x.queue, found{*s, int32(len(x.ways))})
	x.ways = append(x.ways, w)
	return true
}

func (x *explorer) take() found {
	i := 0
	if x.order == Depth {
		i = len(x.queue) - 1
	}
	f := x.queue[i]
	x.queue[i] = found{}
	if x.order == Depth {
		x.queue = x.queue[:i]
	} else {
		x.queue = x.queue[1:]
	}
	return f
}

// verdict checks a state, unless another one differs from it only in what
// consumers know.
func (x *explorer) verdict(s *state) string {
	x.bytes = x.world(x.bytes[:0], s)
	if !x.first(x.checked) {
		return ""
	}
	return x.check(s)
}

// first reports whether a set lacks what was written last, and adds it.
func (x *explorer) first(set map[[2]uint64]struct{}) bool {
	k := [2]uint64{maphash.Bytes(x.seeds[0], x.bytes), maphash.Bytes(x.seeds[1], x.bytes)}
	if _, ok := set[k]; ok {
		return false
	}
	set[k] = struct{}{}
	return true
}

// told is the way to the state that was found last.
func (x *explorer) told() []string {
	var ways []way
	for i := int32(len(x.ways) - 1); i > 0; i = x.ways[i].from {
		ways = append(ways, x.ways[i])
	}
	slices.Reverse(ways)
	s := initial()
	told := make([]string, 0, len(ways))
	for _, w := range ways {
		nth := int32(0)
		from := s
		x.next(&from, func(t step, n *state) {
			if nth == w.nth {
				told = append(told, t.String())
				s = *n
			}
			nth++
		})
	}
	return told
}

func compareObjects(a, b object) int {
	return cmp.Or(cmp.Compare(a.key.id, b.key.id), cmp.Compare(a.key.x, b.key.x),
		cmp.Compare(a.key.j, b.key.j), cmp.Compare(a.records, b.records))
}
