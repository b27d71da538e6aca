package courier

import (
	"cmp"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
)

const (
	// beat lies between two looks at all streams at least, and often at most, and
	// looking takes this part of the time at most.
	beat, share = 50 * time.Millisecond, 50
	// often is how often the state is told.
	often = time.Second
	// overshoot is how far beyond the cap a stream may grow by the estimate: the
	// encoder takes what fits.
	overshoot = 1.05
)

// run applies the rules, again and again.
func (c *Courier) run() {
	told := time.Time{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-c.wake:
		case <-timer.C:
		case <-c.ctx.Done():
			return
		}
		began := time.Now()
		next := c.look(began)
		pause := time.NewTimer(min(max(beat, share*time.Since(began)), often))
		if began.Sub(told) >= often {
			told = began
			c.tell()
		}
		select {
		case <-pause.C:
		case <-c.ctx.Done():
			pause.Stop()
			return
		}
		timer.Reset(max(min(time.Until(next), often), 0))
	}
}

// work is a stream of which an object is to be made.
type work struct {
	spool.Stream
	reason chunk.Reason
	// after is the object of the same stream that has to be sealed before this one;
	// nil when none is being made. turn is its own.
	after, turn *turn
}

// patient reports whether an object had better grow as long as it would not be sent any
// sooner.
func (w *work) patient() bool { return w.reason == chunk.Age || w.reason == chunk.Drain }

// look finds what is due and begins it, and returns when something may be due next.
func (c *Courier) look(now time.Time) (next time.Time) {
	next = now.Add(often)
	c.mu.Lock()
	c.toSend = c.spool.Waiting()
	c.pardon()
	full := len(c.flying) >= c.pace.Limit()
	// Streams that are due again and again stay in the queue, and must not keep all
	// others out of it.
	busy := len(c.queue) > 0 && c.making >= c.seals() && now.Sub(c.looked) < often
	if !busy {
		c.looked = now
	}
	c.mu.Unlock()
	if busy {
		c.proceed()
		return next
	}
	all, draining := c.streams(now), c.draining()
	var due []work
	for i := range all {
		t := &all[i]
		if reason, is := c.due(t, now, draining); is {
			due = append(due, work{Stream: *t, reason: reason})
		} else if at := t.Since.Add(c.cfg.Chunks.MaxAge); at.After(now) && at.Before(next) {
			next = at
		}
	}
	due = c.crowded(due, all, full)
	slices.SortFunc(due, func(a, b work) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	c.mu.Lock()
	c.queue = slices.Concat(due, c.followers())
	if full { // those that had better grow are in nobody's way
		c.queue = slices.Concat(filter(c.queue, false), filter(c.queue, true))
	}
	c.mu.Unlock()
	c.proceed()
	return next
}

// filter returns the work that is patient, or that is not.
func filter(all []work, patient bool) []work {
	return slices.DeleteFunc(slices.Clone(all), func(w work) bool { return w.patient() != patient })
}

// syncing is how many objects wait for the disk beside those that are encoded.
const syncing = 8

// seals is how many objects are made at once.
func (c *Courier) seals() int { return c.cfg.Chunks.Encoders + syncing }

// proceed begins as much of what is due as may be under way at once. Whoever has
// ended something calls it: another look would take too long.
func (c *Courier) proceed() {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	for len(c.toSend) > 0 && len(c.flying) < c.pace.Limit() {
		o := c.toSend[0]
		c.toSend = c.toSend[1:]
		if p, may := c.takeOff(o, now); may {
			c.done.Go(func() { c.send(o, p) })
		}
	}
	for len(c.queue) > 0 && c.making < c.seals() {
		w := c.queue[0]
		if w.patient() && len(c.flying) >= c.pace.Limit() {
			return // it would not be sent any sooner, and had better grow
		}
		c.queue = c.queue[1:]
		c.begin(w)
	}
}

// crowded adds a stream of which an object has to be made although nothing about
// itself says so: the oldest when there are too many, the largest when calls wait
// because the disk is full. full: no more objects are sent at once.
func (c *Courier) crowded(due []work, all []spool.Stream, full bool) []work {
	begins := slices.ContainsFunc(due, func(w work) bool { return !full || !w.patient() })
	if begins || len(all) == 0 || !c.cfg.Known() {
		return due
	}
	instead := func(t spool.Stream, reason chunk.Reason) []work {
		due = slices.DeleteFunc(due, func(w work) bool { return w.ID == t.ID })
		return append(due, work{Stream: t, reason: reason})
	}
	if most := c.cfg.Chunks.MaxOpenPartitions; most > 0 && len(all) > most {
		oldest := slices.MinFunc(all, func(a, b spool.Stream) int { return a.Since.Compare(b.Since) })
		return instead(oldest, chunk.Partitions)
	}
	s := c.spool.Stats()
	if s.Calls == 0 {
		return due
	}
	largest := slices.MaxFunc(all, func(a, b spool.Stream) int { return cmp.Compare(a.Bytes, b.Bytes) })
	kind := kindOf(largest.Kind)
	expected := float64(largest.Bytes) * c.ratios.Of(kind, largest.Path)
	if s.Objects > 0 && expected < float64(c.cfg.Chunks.CapOf(kind))/worthIt {
		return due // what is in the outbox makes room soon
	}
	return instead(largest, chunk.Disk)
}

// worthIt is the part of the largest size that an object has to have which is
// sealed to make room while others wait to be sent.
const worthIt = 4

// streams are those of which an object may be made now, until the next look.
func (c *Courier) streams(now time.Time) []spool.Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all[:0]
	c.spool.Each(func(t spool.Stream) {
		if _, busy := c.sealing[t.ID]; busy {
			return
		}
		if until, resting := c.rest[t.ID]; resting {
			if now.Before(until) {
				return
			}
			delete(c.rest, t.ID)
		}
		all = append(all, t)
	})
	if len(all) < len(c.all) {
		clear(c.all[len(all):]) // the paths of streams that are gone
	}
	c.all = all
	return all
}

// due reports whether an object of a stream is due, and why.
func (c *Courier) due(t *spool.Stream, now time.Time, draining bool) (chunk.Reason, bool) {
	rules := &c.cfg.Chunks
	kind := kindOf(t.Kind)
	most := rules.CapOf(kind)
	switch {
	case !c.cfg.Known():
		return "", false
	case rules.MaxRecords > 0 && t.Records >= uint64(rules.MaxRecords):
		return chunk.Records, true
	case most > 0 && float64(t.Bytes)*c.ratios.Of(kind, t.Path) >= overshoot*float64(most):
		return chunk.Size, true
	case t.Bytes+int64(t.Records)*perRecord >= c.encoding.all:
		return chunk.Memory, true // it could not be encoded at one stroke later
	case draining:
		return chunk.Drain, true
	case now.Sub(t.Since) >= rules.MaxAge:
		return chunk.Age, true
	}
	return "", false
}

func (c *Courier) draining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.emptying
}

func spoolKind(k chunk.Kind) spool.Kind {
	if k == chunk.DeadLetter {
		return spool.DeadLetter
	}
	return spool.Data
}

func kindOf(k spool.Kind) chunk.Kind {
	if k == spool.DeadLetter {
		return chunk.DeadLetter
	}
	return chunk.Data
}

// tell says what the spool holds.
func (c *Courier) tell() {
	s := Stats{Stats: c.spool.Stats()}
	if s.Full && s.Calls == 0 {
		c.spool.Hold()
		s.Stats = c.spool.Stats()
	}
	c.mu.Lock()
	busy := c.making + len(c.flying)
	s.Refused = len(c.wards)
	c.mu.Unlock()
	s.Oldest = c.spool.Oldest()
	c.cfg.Observe(s)
	c.cfg.Chunks.Observer.Observe(chunk.Stats{
		OpenPartitions: s.Streams, Uploading: busy, UploadLimit: c.pace.Limit(), HeldBytes: s.Cached, Parked: s.Refused,
	})
}
