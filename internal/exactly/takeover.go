package exactly

import "slices"

// Fetched is what is committed for a source that was assigned to us.
type Fetched struct {
	Source
	Print  uint32 // of the topic as it is now
	Low    int64
	Leader Leader // of the record below Low
	Epochs []Epoch
	// End is where the source ends now. What is announced beyond it was lost by the
	// brokers, and other records get its offsets.
	End int64
}

// Takeover forms the objects again that predecessors have announced. First all
// that they are made of is read again, whoever owns it now; then it says which of
// them are to be stored, and where normal reading goes on.
type Takeover struct {
	stamp  Stamp
	own    []*heir
	epochs []*revived // each one once
	broken rule
}

// heir is a source that was assigned to us.
type heir struct {
	Fetched
	salt   Salt
	epochs []*revived
	from   int64 // the end of what closed epochs have
	reach  int64 // up to which any epoch says something
	rest   *tracked
}

// revived is an epoch whose records are read again.
type revived struct {
	tracked
	salts []Salt
	sum   Digest
	other bool // a topic of it was made again, or has lost its end
}

// NewTakeover begins with what was fetched.
func NewTakeover(stamp Stamp, all []Fetched) *Takeover { return newTakeover(stamp, all, 0) }

func newTakeover(stamp Stamp, all []Fetched, broken rule) *Takeover {
	t := &Takeover{stamp: stamp, broken: broken}
	for _, f := range all {
		h := &heir{Fetched: f, salt: SaltOf(f.Source), from: f.Low, reach: f.Low}
		if !broken.keeps(ruleUseIntents) { // R2
			h.Epochs = nil
		}
		for i := range h.Epochs {
			e := t.revive(h.Epochs[i])
			h.epochs = append(h.epochs, e)
			m, ok := e.Member(f.Source)
			if !ok {
				continue
			}
			if e.Lane[m].Print != f.Print {
				e.other = true
			}
			if e.Closed {
				h.from = max(h.from, e.Lane[m].End)
			}
			h.reach = max(h.reach, e.Reach(m))
		}
		h.shorten()
		t.own = append(t.own, h)
	}
	for _, h := range t.own {
		if h.reach > h.from {
			h.rest = track(t.alone(h))
		}
	}
	return t
}

// shorten has what was announced of a source stored again when its end is lost. It
// goes on where the source ends now: whatever is there then was never read.
func (h *heir) shorten() {
	if h.reach <= h.End {
		return
	}
	for _, e := range h.epochs {
		e.other = true
	}
	h.reach = max(h.Low, h.End)
	h.from = min(h.from, h.reach)
}

// revive returns an epoch that other sources may have too.
func (t *Takeover) revive(e Epoch) *revived {
	for _, r := range t.epochs {
		if r.ID == e.ID {
			return r
		}
	}
	r := &revived{tracked: *track(e.Clone())}
	r.inherited = true
	for _, m := range e.Lane {
		r.salts = append(r.salts, SaltOf(m.Source))
	}
	t.epochs = append(t.epochs, r)
	return r
}

// alone is an epoch for what is left of a source beside early objects of epochs
// that were never closed.
func (t *Takeover) alone(h *heir) Epoch {
	id, clock := t.stamp()
	return Epoch{
		ID: id, Clock: ClockOf(clock), Closed: true,
		Lane: []Member{{Source: h.Source, Print: h.Print, Start: h.from, End: h.reach, Leader: h.leader()}},
	}
}

// leader is that of the last record which any epoch has of the source.
func (h *heir) leader() (l Leader) {
	l = h.Leader
	for _, e := range h.epochs {
		l = e.leads(h.Source, l)
	}
	return l
}

// leads is the leader of the last record that is known of a source, once an epoch comes
// after what is known already. It is not known if the epoch does not know it: that of
// an earlier record may have ended below.
func (e *Epoch) leads(s Source, before Leader) Leader {
	m, ok := e.Member(s)
	switch {
	case !ok:
		return before
	case e.Lane[m].Leader == 0:
		return 0
	default:
		return max(before, e.Lane[m].Leader)
	}
}

// Range is a part of a source.
type Range struct {
	Source
	From, To int64
}

// Reads returns what has to be read again: of our sources all from the committed
// offset on that an epoch says something about, of others what is in our epochs.
func (t *Takeover) Reads() []Range {
	var all []Range
	add := func(s Source, from, to int64) {
		if from >= to {
			return
		}
		for i := range all {
			if all[i].Source == s {
				all[i].From, all[i].To = min(all[i].From, from), max(all[i].To, to)
				return
			}
		}
		all = append(all, Range{s, from, to})
	}
	for _, e := range t.epochs {
		for i, m := range e.Lane {
			to := e.Reach(i)
			if h := t.owned(m.Source); h != nil {
				to = min(to, h.End)
			}
			add(m.Source, m.Start, to)
		}
	}
	slices.SortFunc(all, func(a, b Range) int { return a.Compare(b.Source) })
	return all
}

// Place notes a record that was read again, and returns the object that it is in.
// There is none for what somebody else takes care of.
func (t *Takeover) Place(s Source, offset int64, target Target) (Slot, bool) {
	own := t.owned(s)
	if own == nil && !t.broken.keeps(ruleWholeObjects) { // R10
		return Slot{}, false
	}
	for _, e := range t.epochs {
		i, ok := e.Member(s)
		if !ok {
			continue
		}
		if j, ok := e.Object(i, offset, target); ok {
			e.sum.Add(e.salts[i], offset, target)
			slot := Slot{e.ID, target, j}
			if e.Refuses(i, offset) {
				slot = slot.Letters()
			}
			e.objects[slot] = stageAnnounced
			return slot, true
		}
	}
	if own == nil || own.rest == nil || offset < own.from || offset >= own.reach {
		return Slot{}, false
	}
	own.rest.Digest.Add(own.salt, offset, target)
	slot := Slot{own.rest.ID, target, 0}
	own.rest.objects[slot] = stagePlanned
	return slot, true
}

func (t *Takeover) owned(s Source) *heir {
	for _, h := range t.own {
		if h.Source == s {
			return h
		}
	}
	return nil
}

// Position is where normal reading of a source goes on.
type Position struct {
	Offset int64
	Leader Leader // of the record below it, or of a later one
}

// Positions are beyond all that was announced of each source.
func (t *Takeover) Positions() map[Source]Position {
	all := map[Source]Position{}
	for _, h := range t.own {
		all[h.Source] = Position{h.reach, h.leader()}
	}
	return all
}

// Epoch returns an epoch by its id.
func (t *Takeover) Epoch(id EpochID) (Epoch, bool) {
	for _, e := range t.epochs {
		if e.ID == id {
			return e.Epoch, true
		}
	}
	for _, h := range t.own {
		if h.rest != nil && h.rest.ID == id {
			return h.rest.Epoch, true
		}
	}
	return Epoch{}, false
}

// Resumed is a source from which normal reading goes on at a position.
type Resumed struct {
	Source
	Print    uint32
	Low      int64
	Below    Leader // of the record below Low
	Position int64
	// Reach is up to where predecessors have announced anything.
	Reach int64
	// Again says that what was announced cannot be formed again as it was: all from
	// the committed offset on is stored once more, under other keys.
	Again  bool
	epochs []*tracked
	dirty  bool
}

// leads is the leader of the record below the position.
func (r *Resumed) leads() (l Leader) {
	l = r.Below
	for _, e := range r.epochs {
		l = e.leads(r.Source, l)
	}
	return l
}

// Done ends the takeover, once all reads have come through. It returns the
// sources for a lane, and the objects that may be uploaded at once; those of
// sources' own rests follow their commit.
func (t *Takeover) Done() (all []*Resumed, announced []Slot) {
	used := map[*revived]bool{}
	for _, h := range t.own {
		r := &Resumed{Source: h.Source, Print: h.Print, Low: h.Low, Below: h.Leader, Position: h.reach, Reach: h.reach}
		all = append(all, r)
		if slices.ContainsFunc(h.epochs, t.changed) { // R11
			r.Again, r.Position, r.dirty = true, h.Low, true
			continue
		}
		for _, e := range h.epochs {
			r.epochs = append(r.epochs, &e.tracked)
			used[e] = true
		}
		if h.rest != nil {
			r.epochs, r.dirty = append(r.epochs, h.rest), true
		}
	}
	for _, e := range t.epochs {
		if !used[e] {
			continue
		}
		for slot := range e.objects {
			announced = append(announced, slot)
		}
	}
	slices.SortFunc(announced, compareSlots)
	return all, announced
}

// changed reports whether an epoch does not have the records that it had.
func (t *Takeover) changed(e *revived) bool {
	return t.broken.keeps(ruleDigest) && (e.Inexact || e.other || e.sum != e.Digest)
}
