package landing

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"sync"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// names are the numberings of the names that objects were given lately. Names
// with a clock in them come and go, so the older half is forgotten from time to
// time; a forgotten name that comes back finds its numbers taken and continues
// after them, as it does after a restart.
//
// A name is remembered by a hash, so that long ones take no more memory. Two
// that share one share a numbering, which costs nothing but numbers.
type names struct {
	seed          maphash.Seed
	mu            sync.Mutex
	recent, older map[uint64]*numbering
}

// maxNames bounds each half of the remembered names.
const maxNames = 50_000

func newNames() names {
	return names{seed: maphash.MakeSeed(), recent: map[uint64]*numbering{}}
}

// of returns the numbering of a name.
func (s *names) of(kind chunk.Kind, name string) *numbering {
	id := maphash.String(s.seed, string(rune(kind))+name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.recent[id]; ok {
		return n
	}
	n, ok := s.older[id]
	if !ok {
		n = newNumbering()
	}
	if len(s.recent) >= maxNames {
		s.recent, s.older = map[uint64]*numbering{}, s.recent
	}
	s.recent[id] = n
	return n
}

const (
	// block is how many numbers in a row a writer takes where others write under
	// the same name.
	block = 8
	// maxSkip bounds from how many blocks the next one is drawn.
	maxSkip = 256
)

// numbering hands out the numbers of one name: 1, 2, 3, ... as long as nobody
// else writes under it. Writers that meet keep apart by blocks: whoever finds a
// number taken goes on with the first number of a later block, drawn from ever
// more of them as long as that one is taken too. So writers meet once for each
// block at most, and not once for each object.
type numbering struct {
	mu    sync.Mutex
	next  int
	since int           // the first number handed out since writers met
	skip  int           // from how many blocks the next one is drawn
	known bool          // next lies beyond what others wrote before
	turn  chan struct{} // closed when the scout leaves; nil without one
}

func newNumbering() *numbering { return &numbering{next: 1, skip: 1} }

// take returns a number that nobody in this process has had.
func (n *numbering) take() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	number := n.next
	n.next++
	return number
}

// enter returns when it is known which numbers are in use, or makes the caller
// the scout, who has to find out, and leave.
func (n *numbering) enter(ctx context.Context) (scout bool, err error) {
	for {
		n.mu.Lock()
		if n.turn == nil {
			if !n.known {
				n.turn, scout = make(chan struct{}), true
			}
			n.mu.Unlock()
			return scout, nil
		}
		turn := n.turn
		n.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// leave ends the turn of the scout.
func (n *numbering) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.turn)
	n.turn = nil
}

// settled reports whether the end of the numbers has been found.
func (n *numbering) settled() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known
}

// landed notes that an object of the name is stored. Under a plain name that
// shows that its number was free, and that those after it may be.
func (n *numbering) landed(plain bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = n.known || plain
	n.skip = 1
}

// raise notes the highest number in use. Writers who have met on the way do not
// all go on with the one behind it.
func (n *numbering) raise(last int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = true
	n.next = max(n.next, last+1)
	if n.skip > 1 {
		n.draw(last)
	}
}

// crowd notes that another writer has a number that lay beyond the end. Numbers
// that were handed out before writers met last tell nothing new.
func (n *numbering) crowd(number int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if number >= n.since {
		n.draw(number)
	}
}

// draw goes on with a block behind the number and behind all that were handed
// out.
func (n *numbering) draw(number int) {
	blocks := max(n.next-1, number)/block + 1 + rand.IntN(n.skip) //nolint:gosec // spreads writers
	n.next, n.since = blocks*block, blocks*block
	n.skip = min(4*n.skip, maxSkip)
}

// jump leaves a number behind that is taken, when nothing can be looked up. While
// there is no telling where the end is, numbers double from try to try, and a
// little more by chance, which keeps writers apart who begin together.
func (n *numbering) jump(number int) {
	if n.settled() {
		n.crowd(number)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next = max(n.next, 2*number+rand.IntN(number/4+8)) //nolint:gosec // spreads writers
}
