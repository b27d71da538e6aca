package chunk

// stage is where a call is between its arrival and its release.
type stage uint8

const (
	// arriving calls have a place in the order of arrival and have not asked to
	// come in: they wait until the destination accepts data, or are measured.
	arriving stage = iota
	// asking calls wait for memory.
	asking
	// admitted calls find the partitions of their records.
	admitted
	// committed calls wait until their records are settled.
	committed
	// done calls have got their answer and are about to return.
	done
	// released calls are gone.
	released
	stages
)

// book lists the calls that are present, in the order of their arrival, and
// counts what they are charged by stage. It is guarded by the manager's lock.
type book struct {
	next   uint64 // order of the next call
	stages [stages]callTotals
	all    line // every call
	out    line // those that have not been admitted
}

// present is the number of calls.
func (b *book) present() int {
	n := 0
	for s := range b.stages[:released] {
		n += b.stages[s].calls
	}
	return n
}

// held is what the calls are charged that have been admitted.
func (b *book) held() int64 {
	return b.stages[admitted].charge + b.stages[committed].charge + b.stages[done].charge
}

// enter adds a call that arrives.
func (b *book) enter(c *Call) {
	b.next++
	c.order = b.next
	b.stages[arriving].calls++
	b.all.push(c, inAll)
	b.out.push(c, inOut)
}

// move takes a call to another stage.
func (b *book) move(c *Call, to stage) {
	if c.stage == to {
		return
	}
	b.stages[c.stage].calls--
	b.stages[c.stage].charge -= c.charge
	if c.stage <= asking && to > asking {
		b.out.remove(c, inOut)
	}
	if to == released {
		b.all.remove(c, inAll)
	} else {
		b.stages[to].calls++
		b.stages[to].charge += c.charge
	}
	c.stage = to
}

// ask notes what a call that arrives needs.
func (b *book) ask(c *Call, charge int64) {
	c.charge = charge
	b.stages[c.stage].charge += charge
	b.move(c, asking)
}

// reorder gives a call that has just arrived an earlier place.
func (b *book) reorder(c *Call, order uint64) {
	b.all.remove(c, inAll)
	b.out.remove(c, inOut)
	c.order = order
	b.all.insert(c, inAll)
	b.out.insert(c, inOut)
}

// line is a list of calls in the order of arrival. A call can be in several,
// in each with links of its own.
type line struct{ first, last *Call }

// link are the neighbours of a call in a line.
type link struct{ prev, next *Call }

// The lines that a call can be in.
const (
	inAll = iota
	inOut
	lines
)

func (l *line) push(c *Call, in int) {
	c.links[in] = link{prev: l.last}
	if l.last != nil {
		l.last.links[in].next = c
	} else {
		l.first = c
	}
	l.last = c
}

// insert puts a call at its place from the front, where it most likely is.
func (l *line) insert(c *Call, in int) {
	after := l.first
	for after != nil && after.order < c.order {
		after = after.links[in].next
	}
	if after == nil {
		l.push(c, in)
		return
	}
	before := after.links[in].prev
	c.links[in] = link{prev: before, next: after}
	after.links[in].prev = c
	if before != nil {
		before.links[in].next = c
	} else {
		l.first = c
	}
}

func (l *line) remove(c *Call, in int) {
	at := c.links[in]
	if at.prev != nil {
		at.prev.links[in].next = at.next
	} else {
		l.first = at.next
	}
	if at.next != nil {
		at.next.links[in].prev = at.prev
	} else {
		l.last = at.prev
	}
	c.links[in] = link{}
}
