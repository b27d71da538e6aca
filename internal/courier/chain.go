package courier

import (
	"context"
	"errors"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// ahead is how many objects of one stream are made at once: while one is written to
// the disk, the next is encoded, and with several encoders so are those behind it.
func (c *Courier) ahead() int { return cap(c.encoders) + 1 }

// chain is the objects of a stream that are being made. They are sealed in the order
// of their records.
type chain struct {
	n    int   // how many
	last *turn // of the last one
	// next is where the records of the next one begin; 0 until that is known.
	next uint64
	// broken: one ends elsewhere than was foreseen. Nothing follows any more.
	broken bool
	spread spread
}

// turn is the sealing of one object, for which that of the next one waits.
type turn struct {
	ended chan struct{}
	// Read these when it has ended.
	ok bool   // it was sealed, or had nothing to be
	at uint64 // where its records end
}

func newTurn() *turn { return &turn{ended: make(chan struct{})} }

func (t *turn) end(ok bool) {
	t.ok = ok
	close(t.ended)
}

// errBefore is why an object is not sealed that is encoded: its records follow those
// of one that could not be, of which was told, or that ends elsewhere.
var errBefore = errors.New("the records before those of the object could not be sealed")

// wait waits for a turn to end with the records before a number; nil is none.
func (t *turn) wait(ctx context.Context, first uint64) error {
	if t == nil {
		return nil
	}
	select {
	case <-t.ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if !t.ok || t.at != first {
		return errBefore
	}
	return nil
}

// begin begins an object of a stream, unless others of it are being made that it does
// not follow. The caller holds the lock.
func (c *Courier) begin(w work) {
	ch := c.sealing[w.ID]
	if ch == nil {
		if t, ok := c.spool.Stream(w.ID); !ok || t.First != w.First {
			return // it was made meanwhile, or cannot be: the next look tells what is due
		}
		ch = &chain{}
		c.sealing[w.ID] = ch
	} else if w.after != ch.last || ch.broken || ch.n >= c.ahead() {
		return
	}
	ch.n++
	ch.last, ch.next = newTurn(), 0
	c.making++
	w.turn = ch.last
	c.done.Go(func() { c.make(w) })
}

// ends notes where the records of an object end that is the last one of its stream.
// If it has none, the next look tells what to do.
func (c *Courier) ends(w *work, end uint64) {
	if end <= w.First {
		return
	}
	c.mu.Lock()
	c.sealing[w.ID].next = end
	c.follow(w.ID)
	c.mu.Unlock()
	c.proceed()
}

// leave notes that an object of a stream is made, or could not be. The caller holds
// the lock.
func (c *Courier) leave(id uint64) {
	c.making--
	ch := c.sealing[id]
	ch.n--
	c.follow(id)
	if ch.n == 0 {
		delete(c.sealing, id)
	}
}

// follow queues the next object of a stream, if that is due and may begin. The caller
// holds the lock.
func (c *Courier) follow(id uint64) {
	ch := c.sealing[id]
	if _, rests := c.rest[id]; rests || ch.next == 0 || ch.broken || ch.n >= c.ahead() {
		return
	}
	t, ok := c.spool.Behind(id, ch.next)
	if !ok {
		return
	}
	if reason, is := c.due(&t, time.Now(), c.emptying); is { // behind those that have waited for longer
		c.queue = append(c.queue, work{Stream: t, reason: reason, after: ch.last})
	}
}

// followers are what is queued of streams of which an object is being made. The caller
// holds the lock.
func (c *Courier) followers() []work {
	var all []work
	for i := range c.queue {
		if c.queue[i].after != nil {
			all = append(all, c.queue[i])
		}
	}
	return all
}

// leaving are the streams whose records are being made objects, whatever the
// destination does. The caller holds the lock.
func (c *Courier) leaving() []uint64 {
	all := make([]uint64, 0, len(c.sealing)+len(c.queue))
	for id := range c.sealing {
		all = append(all, id)
	}
	soon := c.queue[:min(len(c.queue), c.seals())] // the others wait for these
	for i := range soon {
		w := &soon[i]
		if _, busy := c.sealing[w.ID]; !busy && w.reason != chunk.Age && w.reason != chunk.Drain {
			all = append(all, w.ID)
		}
	}
	return all
}
