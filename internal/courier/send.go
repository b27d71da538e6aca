package courier

import (
	"context"
	"errors"
	"io"
	"maps"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// place is a partition as objects have it.
type place struct {
	kind spool.Kind
	path string
}

func placeOf(o *spool.Waiting) place {
	path, _ := parts(o.Path)
	return place{o.Kind, path}
}

// ward is a partition whose objects are refused. One of them is tried now and
// then; the others wait in the outbox.
type ward struct {
	since    time.Time
	refusals int
	next     time.Time
}

const firstRetry, lastRetry = time.Second, time.Minute

// takeOff notes that an object is being sent, unless it is, or has to wait. The
// caller holds the lock.
func (c *Courier) takeOff(o spool.Waiting, now time.Time) (place, bool) {
	p := placeOf(&o)
	if _, flies := c.flying[o.Number]; flies {
		return p, false
	}
	if _, fresh := c.made[o.Number]; fresh {
		return p, false // it need not be read from the outbox
	}
	if w := c.wards[p]; w != nil {
		if now.Before(w.next) {
			return p, false
		}
		w.next = now.Add(lastRetry) // one at a time, unless this one ends before
	}
	c.flying[o.Number] = struct{}{}
	return p, true
}

// pass has an object sent from memory if it can be sent now. Otherwise it is read
// from the outbox when it is its turn.
func (c *Courier) pass(m *made) {
	giveBack, ok := c.sending.try(m.size)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.made, m.Number)
	waits := c.spool.Waits(m.Number) // else it was sent from the outbox before it was noted here
	if ok && waits && !c.closed && len(c.flying) < c.pace.Limit() {
		if p, may := c.takeOff(m.waiting(), time.Now()); may {
			c.done.Go(func() {
				defer giveBack()
				defer m.release()
				c.carry(m.Number, p, m)
			})
			return
		}
	}
	if ok {
		giveBack()
	}
	m.release()
	if waits {
		c.toSend = append(c.toSend, m.waiting())
	}
}

// send carries an object from the outbox to the destination.
func (c *Courier) send(o spool.Waiting, p place) {
	giveBack, err := c.sending.take(c.ctx, o.Size)
	if err != nil {
		return // all ends
	}
	defer giveBack()
	c.carry(o.Number, p, nil)
}

// carry carries an object to the destination. It is in the outbox only where m is nil.
func (c *Courier) carry(number uint64, p place, m *made) {
	var landed chunk.Object
	err := c.deliver(number, m, &landed)
	switch {
	case landed.Key != "":
		c.landed(&landed, p)
	case errors.Is(err, spool.ErrUnknown): // landed long ago, or lost
		c.retry(p)
	case err != nil && c.ctx.Err() == nil && !errors.Is(err, spool.ErrClosed):
		c.refused(p, err)
	}
	c.mu.Lock()
	full := len(c.flying) >= c.pace.Limit()
	delete(c.flying, number)
	if err == nil || errors.Is(err, spool.ErrUnknown) {
		delete(c.tried, number)
	}
	c.mu.Unlock()
	if landed.Key != "" {
		c.pace.Finished(landed.Bytes, full)
	}
	c.proceed()
	c.poke()
}

// deliver has the spool deliver an object.
func (c *Courier) deliver(number uint64, m *made, landed *chunk.Object) error {
	if m == nil {
		return c.spool.Deliver(c.ctx, number, &carrier{c, number, nil, landed}) //nolint:wrapcheck // says what was being done
	}
	return c.spool.DeliverObject(c.ctx, m.Object, &carrier{c, number, m.body, landed}) //nolint:wrapcheck // says what was being done
}

// carrier is the destination of one object.
type carrier struct {
	*Courier
	number uint64
	body   io.WriterTo // nil: the one in the outbox
	landed *chunk.Object
}

// Carry implements spool.Destination.
func (c *carrier) Carry(ctx context.Context, o spool.Object, body io.WriterTo, rekey spool.Rekey) error {
	if c.body != nil {
		body = c.body
	}
	c.mu.Lock()
	_, again := c.tried[c.number]
	c.tried[c.number] = struct{}{}
	c.mu.Unlock()
	landed, err := c.pipe.Carry(ctx, o.Intent, body, again, rekey)
	if err == nil {
		*c.landed = landed
	}
	return err //nolint:wrapcheck // says what was being done
}

// landed tells of an object that is stored.
func (c *Courier) landed(o *chunk.Object, p place) {
	most := c.cfg.Chunks.MaxFileSize
	c.cfg.Chunks.Observer.Landed(*o, time.Since(o.Opened), most > 0 && o.Bytes > most)
	c.mu.Lock()
	w := c.wards[p]
	delete(c.wards, p)
	c.mu.Unlock()
	if w != nil {
		c.cfg.Chunks.Observer.Recovered(o.Kind, o.Path, time.Since(w.since))
	}
}

// pardon forgets the partitions of which nothing is to be sent any more: the object that
// was refused is lost. The caller holds the lock.
func (c *Courier) pardon() {
	if len(c.wards) == 0 {
		return
	}
	have := map[place]struct{}{}
	for i := range c.toSend {
		have[placeOf(&c.toSend[i])] = struct{}{}
	}
	maps.DeleteFunc(c.wards, func(p place, _ *ward) bool {
		_, has := have[p]
		return !has
	})
}

// retry lets another object of a partition be tried: this one has told nothing.
func (c *Courier) retry(p place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.wards[p]; w != nil {
		w.next = time.Now()
	}
}

// refused parks a partition one of whose objects could not be stored.
func (c *Courier) refused(p place, reason error) {
	now := time.Now()
	c.mu.Lock()
	w := c.wards[p]
	fresh := w == nil
	if fresh {
		w = &ward{since: now}
		c.wards[p] = w
	}
	w.refusals++
	w.next = now.Add(min(firstRetry<<min(w.refusals-1, 10), lastRetry))
	c.mu.Unlock()
	c.cfg.Chunks.Observer.ObjectRefused(reason)
	if fresh {
		c.cfg.Chunks.Observer.Parked(kindOf(p.kind), p.path, reason)
	}
}
