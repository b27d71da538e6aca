package exactly

import (
	"cmp"
	"errors"
	"maps"
	"slices"
)

// consumer is a member of the group, with what dies with it.
type consumer struct {
	world      *world
	routing    int
	member     bool
	session    int // what was sent in an earlier one is not waited for
	gen        int
	unanswered bool
	owned      []Source
	lane       *Lane
	takeover   *Takeover
	position   map[Source]int64
	pipeline   []Range
	chunks     map[Target][]recordID
	objects    map[Slot][]recordID
	may        map[Slot]bool // what may be uploaded
	sent       map[Slot]bool // what was
}

// restart gives everything up.
func (c *consumer) restart() {
	*c = consumer{world: c.world, routing: c.routing + 1, session: c.session + 1}
}

// assigned is told by the coordinator which sources it has from now on.
func (c *consumer) assigned(owned []Source, before int) {
	w := c.world
	continuous := c.member && (c.gen == before || !w.broken.keeps(ruleContinuous)) && c.takeover == nil
	fresh := owned
	if continuous {
		w.happened["continues"]++
		var gone, gained []Source
		for _, s := range c.owned {
			if !slices.Contains(owned, s) {
				gone = append(gone, s)
			}
		}
		for _, s := range owned {
			if !slices.Contains(c.owned, s) {
				gained = append(gained, s)
			}
		}
		again := c.lane.Lose(gone...)
		if len(again) > 0 {
			w.happened["taken over anew"]++
		}
		fresh = slices.Concat(gained, again)
		c.forget(slices.Concat(gone, again))
		c.session++
	} else {
		c.restart()
		c.lane = NewLane(w.limit, w.stamp)
		c.lane.broken = w.broken
		c.position, c.chunks = map[Source]int64{}, map[Target][]recordID{}
		c.objects, c.may, c.sent = map[Slot][]recordID{}, map[Slot]bool{}, map[Slot]bool{}
	}
	c.member, c.gen, c.owned, c.unanswered = true, w.gen, owned, false
	if len(fresh) == 0 {
		return
	}
	fetched := make([]Fetched, 0, len(fresh))
	for _, s := range fresh {
		f, err := w.fetch(s)
		if err != nil {
			panic(err)
		}
		fetched = append(fetched, f)
	}
	c.takeover = newTakeover(w.stamp, fetched, w.broken)
}

// forget drops what was not sealed of sources.
func (c *consumer) forget(gone []Source) {
	for t, records := range c.chunks {
		c.chunks[t] = slices.DeleteFunc(records, func(r recordID) bool { return slices.Contains(gone, r.source) })
	}
	c.pipeline = slices.DeleteFunc(c.pipeline, func(r Range) bool { return slices.Contains(gone, r.Source) })
	for _, s := range gone {
		delete(c.position, s)
	}
}

func (c *consumer) step() {
	if !c.member {
		return
	}
	if c.takeover != nil {
		if c.world.dice.roll(3) == 0 {
			c.takesOver()
			return
		}
	}
	switch n := c.world.dice.roll(14); {
	case n == 12:
		c.divides()
	case n == 13:
		c.refuses()
	case n < 3:
		c.reads()
	case n < 6:
		c.arrives()
	case n < 7:
		c.seals()
	case n < 8:
		c.cuts()
	case n < 10:
		c.commits()
	default:
		c.uploads()
	}
}

func (c *consumer) takesOver() {
	w := c.world
	formed := map[Slot][]recordID{}
	for _, r := range c.takeover.Reads() {
		for o := r.From; o < r.To; o++ {
			if !w.exists(r.Source, o) {
				continue
			}
			if slot, ok := c.takeover.Place(r.Source, o, w.route(r.Source, o, c.routing)); ok {
				formed[slot] = append(formed[slot], recordID{r.Source, o})
			}
		}
	}
	maps.Copy(c.objects, formed)
	all, announced := c.takeover.Done()
	for _, r := range all {
		if r.Again && !w.inexact {
			w.again++
		}
		c.position[r.Source] = r.Position
	}
	for _, slot := range announced {
		c.may[slot] = true
	}
	w.happened["formed again"] += len(announced)
	c.lane.Gain(all...)
	c.takeover = nil
}

func (c *consumer) reads() {
	if len(c.position) == 0 {
		return
	}
	s := c.owned[c.world.dice.roll(len(c.owned))]
	from, ok := c.position[s]
	if !ok || from == c.world.end {
		return
	}
	to := min(from+1+int64(c.world.dice.roll(3)), c.world.end)
	c.position[s] = to
	c.lane.Read(s, to, 0)
	c.pipeline = append(c.pipeline, Range{s, from, to})
}

func (c *consumer) arrives() {
	if len(c.pipeline) == 0 {
		return
	}
	i := c.world.dice.roll(len(c.pipeline))
	r := c.pipeline[i]
	c.pipeline = slices.Delete(c.pipeline, i, i+1)
	sums := map[Target]Sum{}
	for o := r.From; o < r.To; o++ {
		if c.world.exists(r.Source, o) {
			t := c.world.route(r.Source, o, c.routing)
			sums[t] = sums[t].Add(sumOf(recordID{r.Source, o}, t))
			c.chunks[t] = append(c.chunks[t], recordID{r.Source, o})
		}
	}
	if !c.lane.Arrived(r.Source, r.To, sums) {
		panic("it was read and is not expected")
	}
	c.lane.Passed(r.Source, r.To)
}

func sumOf(r recordID, t Target) Sum {
	s := Sum{Records: 1}
	s.Digest.Add(SaltOf(r.source), r.offset, t)
	return s
}

// seals seals what has arrived of a target, or less of each source.
func (c *consumer) seals() {
	t := Target(c.world.dice.roll(2))
	var parts []Part
	for _, s := range c.owned {
		if _, ok := c.position[s]; !ok {
			continue
		}
		if c.lane.growing != nil {
			if _, ok := c.lane.growing.Member(s); !ok {
				continue
			}
		}
		cut := c.lane.find(s).from
		for _, r := range c.chunks[t] {
			if r.source == s && r.offset < c.lane.Front(s) && c.world.dice.roll(4) > 0 {
				cut = max(cut, r.offset+1)
			}
		}
		part := Part{Source: s, Cut: cut}
		for _, r := range c.chunks[t] {
			if r.source == s && r.offset < cut {
				part.Sum = part.Sum.Add(sumOf(r, t))
			}
		}
		if part.Sum.Records > 0 {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return
	}
	slot, err := c.lane.Seal(t, parts)
	if errors.Is(err, ErrNoRoom) {
		c.world.happened["no room"]++
		return
	}
	if err != nil {
		panic(err)
	}
	c.world.happened["early"]++
	c.fill(slot, func(r recordID) bool {
		return slices.ContainsFunc(parts, func(p Part) bool { return p.Source == r.source && r.offset < p.Cut })
	})
}

func (c *consumer) cuts() {
	e, slots, err := c.lane.Cut()
	if errors.Is(err, ErrNoRoom) {
		c.world.happened["no room"]++
		return
	}
	for _, slot := range slots {
		c.fill(slot, func(r recordID) bool {
			m, ok := e.Member(r.source)
			return ok && r.offset < e.Lane[m].End
		})
	}
	if e != nil {
		c.world.happened["cut"]++
	}
}

// fill moves records from the chunk of a target to an object.
func (c *consumer) fill(slot Slot, in func(recordID) bool) {
	c.chunks[slot.Target] = slices.DeleteFunc(c.chunks[slot.Target], func(r recordID) bool {
		if !in(r) {
			return false
		}
		c.objects[slot] = append(c.objects[slot], r)
		return true
	})
}

// unsent returns an object that was not uploaded yet, with its records in order.
func (c *consumer) unsent() (Slot, []recordID) {
	var slots []Slot
	for slot, records := range c.objects {
		if !c.sent[slot] && len(records) > 1 {
			slots = append(slots, slot)
		}
	}
	if len(slots) == 0 {
		return Slot{}, nil
	}
	slices.SortFunc(slots, compareSlots)
	slot := slots[c.world.dice.roll(len(slots))]
	records := c.objects[slot]
	slices.SortFunc(records, func(a, b recordID) int { return cmp.Or(a.source.Compare(b.source), cmp.Compare(a.offset, b.offset)) })
	return slot, records
}

// divides finds out that not all of an object fits.
func (c *consumer) divides() {
	slot, records := c.unsent()
	if len(records) == 0 {
		return
	}
	n := 1 + c.world.dice.roll(len(records)-1)
	var parts []Part
	for _, r := range records[:n] {
		if len(parts) == 0 || parts[len(parts)-1].Source != r.source {
			parts = append(parts, Part{Source: r.source})
		}
		parts[len(parts)-1].Cut = r.offset + 1
	}
	first, err := c.lane.Divide(slot, parts)
	if err != nil {
		c.excuse(err)
		return
	}
	c.world.happened["divided"]++
	c.objects[first], c.objects[slot] = records[:n:n], records[n:]
	delete(c.may, slot)
}

// refuses finds out that an object has bad records.
func (c *consumer) refuses() {
	slot, records := c.unsent()
	if len(records) == 0 || len(c.objects[slot.Letters()]) > 0 {
		return
	}
	i := c.world.dice.roll(len(records))
	letters, noted, err := c.lane.Refuse(slot, []Recorded{{records[i].source, records[i].offset}}, true)
	if err != nil {
		c.excuse(err)
		return
	}
	if !noted {
		c.world.inexact = true
	}
	c.world.happened["refused a record"]++
	c.objects[letters], c.objects[slot] = []recordID{records[i]}, slices.Delete(slices.Clone(records), i, i+1)
	delete(c.may, slot)
}

// excuse takes what may be answered for want of room, or of sources.
func (c *consumer) excuse(err error) {
	if !errors.Is(err, ErrNoRoom) && !errors.Is(err, ErrFrozen) {
		panic(err)
	}
	c.world.happened["not divided"]++
}

func (c *consumer) commits() {
	if c.unanswered && c.world.broken.keeps(ruleOneCommit) {
		return
	}
	offsets, err := c.lane.Commit()
	if err != nil {
		panic(err)
	}
	if len(offsets) > 0 {
		c.world.commits = append(c.world.commits, &commitFlight{c, c.session, c.gen, offsets})
	}
}

func (c *consumer) uploads() {
	var slots []Slot
	for slot := range c.objects {
		if c.may[slot] || !c.world.broken.keeps(ruleIntentFirst) {
			slots = append(slots, slot)
		}
	}
	if len(slots) == 0 {
		return
	}
	slices.SortFunc(slots, compareSlots)
	slot := slots[c.world.dice.roll(len(slots))]
	c.sent[slot] = true
	c.world.puts = append(c.world.puts, &putFlight{c, c.session, slot, slices.Clone(c.objects[slot])})
}

// busy reports whether there is anything left to do.
func (c *consumer) busy() bool {
	if c.takeover != nil || len(c.pipeline) > 0 || len(c.may) > 0 {
		return true
	}
	for _, s := range c.owned {
		if c.world.low[s] != c.world.end {
			return true
		}
	}
	return false
}
