package chunk

import (
	"context"
	"errors"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/exactly"
)

// This file is the way of announced objects through encoding and upload.

// form puts the records that a call has read again into the objects that they were
// announced for. The call returns at once: what low is does not depend on it. The
// caller holds the lock.
func (m *Manager) form(c *Call, brought []delivery) {
	rec := c.ticket.Recovery
	rec.OnDone(m, func() { m.formedAll(rec) })
	for i := range brought {
		d := &brought[i]
		if d.part.lane == nil { // of another batch, with which it was merged
			for k := range d.run.len() {
				c.failures = append(c.failures, Failure{Index: d.run.index(k), Err: errMixed})
			}
			continue
		}
		m.formRun(rec, d)
	}
	c.ticket.Arrived(nil)
	c.finish()
}

var errMixed = errors.New("the record was merged with records that are read again: it is delivered once more")

// formRun divides a run among objects. What is in none is somebody else's.
func (m *Manager) formRun(rec *exactly.Recovery, d *delivery) {
	r := d.run
	for from, offsets := 0, r.offsets(); from < len(offsets); {
		slot, ok := rec.Place(r.call.ticket.Source, offsets[from], d.target)
		to := from + 1
		for to < len(offsets) {
			next, also := rec.Place(r.call.ticket.Source, offsets[to], d.target)
			if also != ok || next != slot {
				m.formOne(rec, d, slot, ok, from, to)
				from, slot, ok = to, next, also
			}
			to++
		}
		m.formOne(rec, d, slot, ok, from, to)
		from = to
	}
}

// errRefusedBefore is why a record is a dead letter that an earlier process could
// not encode.
var errRefusedBefore = errors.New("the record was refused when its object was encoded, by a process that has ended since")

func (m *Manager) formOne(rec *exactly.Recovery, d *delivery, slot exactly.Slot, ok bool, from, to int) {
	if !ok {
		return
	}
	p, r := d.part, d.run
	if slot.Target != d.target {
		p = partition{kind: DeadLetter, lane: p.lane}
		if r.note == nil {
			r.note = &note{from: d.part.path, reason: errRefusedBefore, at: time.Now()}
		}
	}
	c := m.ledger.forming[formed{rec, slot}]
	if c == nil {
		epoch, _ := rec.Epoch(slot)
		c = m.newChunk(p)
		c.state, c.reason = forming, Recovery
		c.announced = &announcement{slot: slot, epoch: epoch, recovery: rec, whole: true}
		m.ledger.begin(c)
	}
	for _, part := range (runs{}).with(r, from, to, m.cfg.RecordOverhead) {
		m.ledger.join(c, part)
		m.ledger.change(c, func() { c.extra += part.charge }) // no call holds it
	}
}

// formedAll has the objects stored that a takeover has formed, and forgets the
// others.
func (m *Manager) formedAll(rec *exactly.Recovery) {
	m.lock()
	defer m.unlock()
	for _, c := range m.ledger.in(forming) {
		switch {
		case c.announced.recovery != rec:
		case rec.Uses(c.announced.slot):
			m.ledger.move(c, sealed)
		default:
			m.ledger.move(c, dissolved)
		}
	}
	m.poke()
}

// mostEncodings bounds how often an object is encoded that must not be divided: an
// encoder that stops for the columns of a record has them the next time.
const mostEncodings = 4

// encodeWhole encodes an object again that must not be divided and was.
func (m *Manager) encodeWhole(ctx context.Context, w *work) {
	for range mostEncodings {
		if w.err != nil || !w.c.whole() || w.result.Taken == 0 || w.result.Taken == len(w.records) {
			return
		}
		w.release()
		_ = m.tester().tryAll(ctx, w.c.part.kind, w.records[w.result.Taken:])
		m.attempt(ctx, w)
	}
	if w.err == nil && w.result.Taken < len(w.records) {
		w.release()
		w.result = encode.Result{}
		w.err = errors.New("its records need several schemas, and it must be one object: it was announced as such")
	}
}

// nothing is the encoded form of an object without records.
type nothing struct{}

// Release does nothing.
func (nothing) Release() {}

// finishAnnounced is finish for an announced object: what did not fit becomes an
// object of its own, and what was refused another one, of dead letters. The caller
// holds the lock.
func (m *Manager) finishAnnounced(w *work, s sorted) (uploads bool) {
	c, a := w.c, w.c.announced
	if len(s.rest) > 0 {
		taken, rest := c.runs.cut(w.result.Taken, m.cfg.RecordOverhead)
		var first exactly.Slot
		err := exactly.ErrNoRoom
		if !torn(taken, rest) {
			first, err = c.part.lane.Divide(a.slot, taken.parts(c.part.target()))
		}
		if err != nil {
			m.successor(c, c.part, c.runs, &announcement{slot: a.slot, epoch: a.epoch, whole: true})
			m.ledger.move(c, dissolved)
			return false
		}
		c.reason = m.cfg.Ending(w.result)
		m.successor(c, c.part, rest, a)
		a = &announcement{slot: first, epoch: a.epoch}
		c.announced = a
	}
	m.ledger.hold(c, s.stored)
	if !m.expelAnnounced(c, append(w.expelled, s.refused...)) {
		m.forsake(c)
		return false
	}
	if w.form == nil {
		w.form = nothing{}
	}
	m.encoded(w, s)
	return true
}

// torn reports whether a cut between runs separates records of one offset.
func torn(taken, rest runs) bool {
	a, b := &taken[len(taken)-1], &rest[0]
	return a.call.ticket == b.call.ticket && a.offsets()[a.len()-1] == b.first()
}

// successor seals a chunk of what another one did not take. The caller holds the
// lock.
func (m *Manager) successor(of *chunk, p partition, rs runs, a *announcement) {
	c := m.newChunk(p)
	c.state, c.reason, c.announced = sealed, of.reason, a
	m.ledger.begin(c)
	for _, r := range rs {
		m.ledger.join(c, r)
	}
}

// expelAnnounced does with the refused records of an object what the policy says.
// It reports whether the object is still ours. The caller holds the lock.
func (m *Manager) expelAnnounced(c *chunk, refused []refusal) bool {
	var letters runs
	var places []exactly.Recorded
	for i := range refused {
		switch r := &refused[i]; r.policy {
		case Drop:
			m.settle(runs{r.run})
		case ToDeadLetter:
			letters = append(letters, r.letter.run)
			for _, offset := range r.run.offsets() {
				places = append(places, exactly.Recorded{Source: r.run.call.ticket.Source, Offset: offset})
			}
		default:
			m.fail(runs{r.run}, r.reason)
			return false
		}
	}
	if len(letters) == 0 {
		return true
	}
	slot, listed, err := c.part.lane.Refuse(c.announced.slot, places, letters.apart())
	if err != nil {
		m.ledger.hold(c, append(c.runs, letters...)) // they share its fate
		return false
	}
	if n := len(places); !listed {
		m.tell(func(o Observer) { o.Inexact(TurnedDown, n) })
	}
	m.successor(c, partition{kind: DeadLetter, lane: c.part.lane}, letters, &announcement{slot: slot, epoch: c.announced.epoch, whole: true})
	return true
}

// apart reports whether the offsets of refused records tell them apart from all
// others: of some offsets there are several records, of several targets even, and
// all of them have come with the same call.
func (rs runs) apart() bool {
	if rs.records() > exactly.MostRefused {
		return false
	}
	for i := range rs {
		for _, offset := range rs[i].offsets() {
			n := 0
			for _, o := range rs[i].call.offsets {
				if o == offset {
					n++
				}
			}
			if n > 1 {
				return false
			}
		}
	}
	return true
}

// landAnnounced uploads an announced object: once it is committed that it may be
// (R1), and then until it is there, for nobody else will store its records.
func (m *Manager) landAnnounced(ctx context.Context, c *chunk, o Object) {
	lane, slot := c.part.lane, c.announced.slot
	o.Announced, o.Opened = c.announced.named(), c.announced.epoch.Clock
	o.ID = o.Announced.UUID
	if o.Kind == DeadLetter {
		o.Path = m.cfg.DeadLetters.Path(o.Opened)
	}
	err := lane.Announced(ctx, slot)
	_, empty := o.Encoded.(nothing)
	if err == nil && !empty {
		o.Key, err = m.landAnyhow(ctx, c, o)
	}
	o.Encoded.Release()
	if err == nil {
		lane.Landed(slot)
		if !empty {
			m.cfg.Observer.Landed(o, time.Since(c.first), m.cfg.MaxFileSize > 0 && o.Bytes > m.cfg.MaxFileSize)
		}
	}
	m.lock()
	defer m.unlock()
	switch {
	case c.state.final():
	case err == nil:
		m.pace.finished(time.Now(), o.Bytes, m.ledger.passing() >= m.pace.limit)
		m.ledger.move(c, landed)
		m.settle(c.runs)
	case m.closed || c.wanted():
		m.lost(c, err)
	default:
		m.forsake(c)
	}
	m.passed(c)
}

// lastAnyhow is the longest time between two attempts to store an announced object
// that is refused: those that are announced later wait for it.
const lastAnyhow = 5 * time.Second

// forsake ends a chunk whose records somebody else stores: its calls are about to be
// withdrawn, and must not return before. The caller holds the lock.
func (m *Manager) forsake(c *chunk) {
	m.ledger.move(c, dissolved)
	for i := range c.runs {
		r := &c.runs[i]
		if !r.call.reads() {
			r.call.forsaken = true
			r.call.settle(r.len())
		}
	}
}

// landAnyhow uploads an object again and again, as long as it is ours.
func (m *Manager) landAnyhow(ctx context.Context, c *chunk, o Object) (key string, err error) {
	for wait := firstRetry; ; wait = min(2*wait, lastAnyhow) {
		key, err = m.pipe.Land(ctx, o)
		if err == nil || ctx.Err() != nil || !c.part.lane.Alive(c.announced.slot) {
			return key, err
		}
		m.cfg.Observer.ObjectRefused(err)
		select {
		case <-time.After(wait):
		case <-c.part.lane.Ended():
			return "", err
		case <-ctx.Done():
			return "", err
		}
	}
}
