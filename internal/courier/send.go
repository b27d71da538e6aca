package courier

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// place is a partition as objects have it.
type place struct {
	kind spool.Kind
	path string
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
	path, _ := parts(o.Path)
	p := place{o.Kind, path}
	if _, flies := c.flying[o.Number]; flies {
		return p, false
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

// send carries an object to the destination.
func (c *Courier) send(o spool.Waiting, p place) {
	var landed chunk.Object
	giveBack, err := c.sending.take(c.ctx, o.Size)
	if err == nil {
		err = c.spool.Deliver(c.ctx, o.Number, &carrier{c, o.Number, &landed})
		giveBack()
	}
	switch {
	case landed.Key != "":
		c.landed(&landed, p)
	case err != nil && c.ctx.Err() == nil && !errors.Is(err, spool.ErrUnknown) && !errors.Is(err, spool.ErrClosed):
		c.refused(p, err)
	}
	c.mu.Lock()
	full := len(c.flying) >= c.pace.Limit()
	delete(c.flying, o.Number)
	if err == nil || errors.Is(err, spool.ErrUnknown) {
		delete(c.tried, o.Number)
	}
	c.mu.Unlock()
	if landed.Key != "" {
		c.pace.Finished(landed.Bytes, full)
	}
	c.proceed()
	c.poke()
}

// carrier is the destination of one object.
type carrier struct {
	*Courier
	number uint64
	landed *chunk.Object
}

// Carry implements spool.Destination.
func (c *carrier) Carry(ctx context.Context, o spool.Object, body io.WriterTo, rekey spool.Rekey) error {
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
