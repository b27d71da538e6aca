package courier

import (
	"context"
	"sync"
)

// budget is an amount of memory that is shared. Who asks first gets first, so
// that a large one does not wait for ever.
type budget struct {
	all int64

	mu    sync.Mutex
	left  int64
	queue []*claim
}

type claim struct {
	n    int64
	mine chan struct{}
}

func newBudget(n int64) *budget { return &budget{all: n, left: n} }

// take waits for a part. What is more than there is takes all.
func (b *budget) take(ctx context.Context, n int64) (giveBack func(), err error) {
	c := &claim{n: min(max(n, 1), b.all), mine: make(chan struct{})}
	b.mu.Lock()
	b.queue = append(b.queue, c)
	b.serve()
	b.mu.Unlock()
	select {
	case <-c.mine:
		return sync.OnceFunc(func() { b.give(c) }), nil
	case <-ctx.Done():
	}
	b.give(c)
	return nil, context.Cause(ctx)
}

// try takes a part, unless it would have to wait.
func (b *budget) try(n int64) (giveBack func(), ok bool) {
	c := &claim{n: min(max(n, 1), b.all), mine: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 || c.n > b.left {
		return nil, false
	}
	b.left -= c.n
	close(c.mine)
	return sync.OnceFunc(func() { b.give(c) }), true
}

// taken is what is not left.
func (b *budget) taken() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all - b.left
}

// give takes a claim back, whether it was served or not.
func (b *budget) give(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.mine:
		b.left += c.n
	default:
		for i := range b.queue {
			if b.queue[i] == c {
				b.queue = append(b.queue[:i], b.queue[i+1:]...)
				break
			}
		}
	}
	b.serve()
}

// serve gives the first ones what they ask for. The caller holds the lock.
func (b *budget) serve() {
	for len(b.queue) > 0 && b.queue[0].n <= b.left {
		b.left -= b.queue[0].n
		close(b.queue[0].mine)
		b.queue = b.queue[1:]
	}
}
