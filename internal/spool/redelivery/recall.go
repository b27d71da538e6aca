package redelivery

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// Recall is the marks of a memory at one time, which arrivals are compared with.
// It is safe for concurrent use.
type Recall struct {
	mu      sync.Mutex
	sources map[Source]*remembered
	nothing atomic.Bool // is remembered any more
}

// remembered is the marks of a source, in their order.
type remembered struct {
	marks []mark
	taken []bool
}

// Recall returns the marks that are in the memory now.
func (m *Memory) Recall() *Recall {
	r := &Recall{sources: map[Source]*remembered{}}
	m.each(func(k mark) {
		s := m.sources[k.source].Source
		of := r.sources[s]
		if of == nil {
			of = &remembered{}
			r.sources[s] = of
		}
		of.marks = append(of.marks, k)
	})
	for _, of := range r.sources {
		slices.SortFunc(of.marks, compare)
		of.taken = make([]bool, len(of.marks))
	}
	return r
}

func compare(a, b mark) int {
	return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.sum, b.sum))
}

// Take reports whether a record is one that is remembered. It then is not
// remembered any more, until Give.
func (r *Recall) Take(m *Mark) bool { return r.turn(m, false) }

// Give undoes a Take: the record will be delivered once more.
func (r *Recall) Give(m *Mark) { r.turn(m, true) }

// Forget lets Take report false from now on.
func (r *Recall) Forget() { r.nothing.Store(true) }

// turn looks for a mark that is taken, or is not, and makes it the other.
func (r *Recall) turn(m *Mark, taken bool) bool {
	of := r.sources[m.Source]
	if of == nil || r.nothing.Load() || m.Offset > of.marks[len(of.marks)-1].offset {
		return false
	}
	wanted := mark{offset: m.Offset, sum: m.Sum}
	at, _ := slices.BinarySearchFunc(of.marks, wanted, compare)
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; at < len(of.marks) && compare(of.marks[at], wanted) == 0; at++ {
		if of.taken[at] == taken {
			of.taken[at] = !taken
			return true
		}
	}
	return false
}
