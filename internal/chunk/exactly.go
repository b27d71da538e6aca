package chunk

import (
	"errors"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/exactly"
)

// Records that go with a ticket are stored exactly once: which of them an object
// holds, and under which key, is announced in a ledger and committed by the input
// before the object is stored. This file is how their chunks are sealed; see
// docs/architecture.md.

// undershoot is how far such a chunk is filled, of the cap: what does not fit
// becomes an object of its own.
const undershoot = 0.95

// announcement is what a chunk has from its seal on.
type announcement struct {
	slot     exactly.Slot
	epoch    exactly.Epoch     // its id and clock
	recovery *exactly.Recovery // that it is formed for, or nil
	whole    bool              // it must not be divided, whatever its size
}

// formed names a chunk of an object that is formed again.
type formed struct {
	recovery *exactly.Recovery
	slot     exactly.Slot
}

func (a *announcement) formed() formed { return formed{a.recovery, a.slot} }

// named is what the key of the object follows from.
func (a *announcement) named() *Announced {
	return &Announced{UUID: a.epoch.UUID(a.slot.Target, a.slot.J).String(), Number: a.slot.J + 1}
}

// InexactReason says why records may be stored twice.
type InexactReason string

// The reasons for which records may be stored twice.
const (
	// Stray records came after those that their batch was taken to consist of.
	Stray InexactReason = "stray"
	// Changed records could not be formed into the objects again that they were
	// announced for: they are not what they were.
	Changed InexactReason = "digest"
	// TurnedDown records were too many to be announced.
	TurnedDown InexactReason = "refused"
)

// InexactReasons are all of them.
var InexactReasons = []InexactReason{Changed, Stray, TurnedDown}

// Exactly has the records of the call stored exactly once that [Call.At] gives an
// offset. It must come before Admit.
func (c *Call) Exactly(t *exactly.Ticket) { c.ticket = t }

// At sets the offset of the next record; negative where it does not belong to the
// ticket.
func (c *Call) At(offset int64) { c.offset = offset }

// lane is that of the next record.
func (c *Call) lane() *exactly.Ledger {
	if c.ticket == nil || c.offset < 0 {
		return nil
	}
	return c.ticket.Ledger
}

// reads reports whether the call brings what is read again. Nothing waits for it:
// it has returned.
func (c *Call) reads() bool { return c.ticket != nil && c.ticket.Recovery != nil }

// breaks tells that records of the call will not be stored.
func (c *Call) breaks(reason error) {
	if c.ticket != nil {
		c.ticket.Break(reason)
	}
}

// target is what the objects of a partition are announced as.
func (p *partition) target() exactly.Target {
	if p.kind == DeadLetter {
		return exactly.TargetOf("dead letters")
	}
	return exactly.TargetOf("data", p.path, p.schema)
}

// sum adds up what the call brings of each target.
func (c *Call) sum(brought []delivery) {
	if c.ticket == nil {
		return
	}
	c.sums = map[exactly.Target]exactly.Sum{}
	for i := range brought {
		d := &brought[i]
		if d.part.lane == nil {
			continue
		}
		d.target = d.part.target()
		c.sums[d.target] = c.sums[d.target].Add(d.run.sum(d.target))
	}
}

func (r *run) sum(t exactly.Target) exactly.Sum {
	s := exactly.Sum{Records: r.len()}
	for _, offset := range r.offsets() {
		s.Digest.Add(r.call.ticket.Salt, offset, t)
	}
	return s
}

func (r *run) offsets() []int64 { return r.call.offsets[r.from:r.to] }

// first is the offset of the first record of a run that is not empty.
func (r *run) first() int64 { return r.call.offsets[r.from] }

// exactLetter is letter for a record that goes with a ticket. Where it goes to
// must not depend on the time.
func (m *Manager) exactLetter(r run, from string, reason error, now time.Time) delivery {
	r.note = &note{from: from, reason: reason, at: now}
	r.raw += letterSize * int64(r.len())
	p := partition{kind: DeadLetter}
	if r.first() < 0 {
		p.path = m.cfg.DeadLetters.Path(now)
	} else {
		p.lane = r.call.ticket.Ledger
	}
	return delivery{part: p, run: r}
}

// arrived notes what the call brings, and reports whether it is to be placed. What
// comes too late for the objects that its batch is in is stored, but may be stored
// once more. The caller holds the lock.
func (m *Manager) arrived(c *Call, brought []delivery) bool {
	switch {
	case c.reads():
		m.form(c, brought)
		return false
	case c.ticket.Arrived(c.sums):
		m.strays(brought, func(d *delivery) bool { return d.part.lane == nil })
		return true
	case c.ticket.Current():
		m.strays(brought, func(*delivery) bool { return true })
		return true
	}
	// It is about to be withdrawn, and waits for that: whoever reads its records
	// again stores them.
	if len(brought) == 0 {
		c.finish()
	}
	return false
}

// strays takes records out of the lane that are not announced.
func (m *Manager) strays(brought []delivery, of func(d *delivery) bool) {
	n := 0
	for i := range brought {
		d := &brought[i]
		if !of(d) {
			continue
		}
		n += d.run.len()
		if d.part.kind == DeadLetter && d.part.lane != nil {
			d.part.path = m.cfg.DeadLetters.Path(time.Now())
		}
		d.part.lane = nil
	}
	if n > 0 {
		m.tell(func(o Observer) { o.Inexact(Stray, n) })
	}
}

// placeExactly appends a run to the open chunk of its partition. Early objects can
// be sealed meanwhile, but no epoch be cut: not all of the call is in its chunks
// yet. The caller holds the lock.
func (m *Manager) placeExactly(p partition, r run, late bool) {
	m.placing = &placing{source: r.call.ticket.Source, upTo: r.first() - 1}
	defer func() { m.placing = nil }()
	c := m.ledger.open[p]
	if c != nil {
		m.ledger.change(c, func() { c.expect(m.ratios.of(p)) })
	}
	for r.len() > 0 {
		if c == nil {
			c = m.openChunk(p, late)
		}
		var head run
		head, r = r.cut(r.together(m.fits(c, &r)), m.cfg.RecordOverhead)
		m.ledger.join(c, head)
		m.placing.upTo = head.offsets()[head.len()-1]
		if reason, full := m.full(c); full && p.kind == Data { // of dead letters each is a run, whatever its offset
			if !m.seal(c, reason) {
				if r.len() > 0 {
					m.ledger.join(c, r)
				}
				return
			}
			c = m.ledger.open[p]
		}
	}
}

// together is at least n, so that records of one offset stay together.
func (r *run) together(n int) int {
	offsets := r.offsets()
	n = max(n, 1)
	for n < len(offsets) && offsets[n] == offsets[n-1] {
		n++
	}
	return n
}

// rollFull rolls what a call has filled, once all of it is placed. The caller holds
// the lock.
func (m *Manager) rollFull(brought []delivery) {
	for i := range brought {
		p := brought[i].part
		if p.lane == nil {
			continue
		}
		if c := m.ledger.open[p]; c != nil {
			if reason, full := m.full(c); full {
				m.seal(c, reason)
			}
		}
		if limit := m.cfg.MaxOpenPartitions; limit > 0 && len(m.ledger.byAge) > limit {
			m.seal(m.ledger.byAge[0], Partitions)
		}
	}
}

// announce seals a chunk: what is full alone as an early object, and else all
// chunks of its lane by a cut. It reports whether anything was sealed.
func (m *Manager) announce(c *chunk, reason Reason) bool {
	alone := reason == Size || reason == Records || reason == Memory
	if alone && m.early(c, reason) {
		return true
	}
	return m.placing == nil && m.cut(c.part.lane, reason)
}

// early seals a chunk as an early object, with what can be in one.
func (m *Manager) early(c *chunk, reason Reason) bool {
	lane := c.part.lane
	in, out := c.runs.part(func(r *run) bool { return lane.Ready(r.call.ticket) && !m.behind(r) })
	if len(in) == 0 {
		return false
	}
	slot, epoch, err := lane.Seal(c.part.target(), in.parts(c.part.target()))
	if err != nil {
		if !errors.Is(err, exactly.ErrNoRoom) && !errors.Is(err, exactly.ErrFrozen) && !errors.Is(err, exactly.ErrEnded) {
			lane.End(err)
		}
		return false
	}
	m.detach(c, in, out, &announcement{slot: slot, epoch: epoch}, reason)
	return true
}

// behind reports whether a run comes after records of its source that are not in
// their chunk yet.
func (m *Manager) behind(r *run) bool {
	p := m.placing
	return p != nil && r.call.ticket.Source == p.source && r.first() > p.upTo
}

// placing is how far the records of a run are in their chunk.
type placing struct {
	source exactly.Source
	upTo   int64
}

// cut closes an epoch of a lane, and seals what all its chunks have of it.
func (m *Manager) cut(lane *exactly.Ledger, reason Reason) bool {
	e, slots, err := lane.Cut()
	if err != nil || e == nil {
		return false
	}
	missing := make(map[exactly.Target]bool, len(slots))
	for _, s := range slots {
		missing[s.Target] = true
	}
	for _, c := range m.ledger.in(open) {
		if c.part.lane != lane {
			continue
		}
		in, out := c.runs.part(func(r *run) bool { return r.call.ticket.Within(e) })
		if len(in) == 0 {
			continue
		}
		t := c.part.target()
		if !missing[t] {
			lane.End(errors.New("there are records of which the ledger does not know"))
			return false
		}
		delete(missing, t)
		m.detach(c, in, out, &announcement{slot: exactly.Slot{Epoch: e.ID, Target: t}, epoch: *e}, reason)
	}
	if len(missing) > 0 {
		lane.End(errors.New("there are records missing of which the ledger knows"))
		return false
	}
	return len(slots) > 0
}

// detach seals some runs of an open chunk; the others stay open.
func (m *Manager) detach(c *chunk, in, out runs, a *announcement, reason Reason) {
	if len(out) > 0 {
		m.ledger.hold(c, in)
		m.ledger.change(c, func() { c.expect(c.ratio) })
	}
	c.announced, c.reason = a, reason
	m.ledger.move(c, sealed)
	if len(out) == 0 {
		return
	}
	rest := m.newChunk(c.part)
	m.ledger.begin(rest)
	for _, r := range out {
		m.ledger.join(rest, r)
	}
}

// part separates runs.
func (rs runs) part(of func(r *run) bool) (in, out runs) {
	for i := range rs {
		if of(&rs[i]) {
			in = append(in, rs[i])
		} else {
			out = append(out, rs[i])
		}
	}
	return in, out
}

// parts says up to where the runs of an object go, of each source.
func (rs runs) parts(t exactly.Target) []exactly.Part {
	var all []exactly.Part
	for i := range rs {
		r := &rs[i]
		if r.len() == 0 {
			continue
		}
		cut := slices.Max(r.offsets()) + 1
		at := slices.IndexFunc(all, func(p exactly.Part) bool { return p.Source == r.call.ticket.Source })
		if at < 0 {
			at = len(all)
			all = append(all, exactly.Part{Source: r.call.ticket.Source})
		}
		all[at].Cut = max(all[at].Cut, cut)
		all[at].Sum = all[at].Sum.Add(r.sum(t))
	}
	return all
}

// wanted reports whether the object is still to be stored. What is announced is,
// whatever becomes of the calls, as long as it is ours.
func (c *chunk) wanted() bool {
	if c.announced != nil && c.state != forming {
		return c.part.lane.Alive(c.announced.slot)
	}
	return c.runs.wanted()
}

// spoiled reports whether some of the records must not be stored, and others must:
// an object that is announced is stored as it is.
func (c *chunk) spoiled() bool { return c.announced == nil && c.runs.spoiled() }

// whole reports whether the object must not be divided.
func (c *chunk) whole() bool { return c.announced != nil && c.announced.whole }

// limitOf is how large the object of a chunk may become, 0 for no limit.
func (m *Manager) limitOf(c *chunk) int64 {
	if c.whole() {
		return 0
	}
	return m.cfg.capOf(c.part.kind)
}
