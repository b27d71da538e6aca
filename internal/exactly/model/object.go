package model

const everything = uint8(1<<partitions - 1)

// route is the output partition of a record.
func (m *machine) route(p, offset int, routing int8) int8 {
	if m.in.Impure && p == 0 && offset == 0 {
		return routing
	}
	return int8(offset % 2)
}

// objects are what an epoch promises, as somebody with that routing forms them
// from the records of the given Kafka partitions.
func (m *machine) objects(e *epoch, routing int8, parts uint8) []object {
	out := make([]object, 0, 2*(mostEntries+1))
	for x := range int8(2) {
		from, j := e.start, int8(0)
		add := func(to vec) {
			if c := m.between(e, from, to, x, routing, parts); c != 0 {
				out = append(out, object{key{e.id, x, j}, c})
			}
			from, j = to, j+1
		}
		for _, n := range e.early() {
			if n.x == x {
				add(n.cut)
			}
		}
		if e.closed {
			add(e.end)
		}
	}
	return out
}

// between are the records of an output partition in a range of an epoch.
func (m *machine) between(e *epoch, from, to vec, x, routing int8, parts uint8) (c set) {
	for p := range partitions {
		if e.start[p] < 0 || parts&(1<<p) == 0 {
			continue
		}
		for o := int(from[p]); o < int(to[p]); o++ {
			if m.route(p, o, routing) == x && e.holes&one(p, o) == 0 {
				c |= one(p, o)
			}
		}
	}
	return c
}

func (m *machine) covered(e *epoch, routing int8) (c set) {
	for _, o := range m.objects(e, routing, everything) {
		c |= o.records
	}
	return c
}

func (m *machine) landed(s *state, e *epoch, routing int8) bool {
	for _, o := range m.objects(e, routing, everything) {
		if at(s.stored, o.key) < 0 {
			return false
		}
	}
	return true
}

// announced reports whether the intent of an object is committed.
func announced(e *epoch, k key) bool {
	if e.acked {
		return true
	}
	j := int8(0)
	for i, n := range e.early() {
		if n.x != k.x {
			continue
		}
		if j == k.j {
			return int8(i) < e.durable
		}
		j++
	}
	return false
}

// begin is where the next epoch of a Kafka partition begins, the records from
// there on that frozen epochs hold, and the highest of their cuts: the next
// epoch has to reach it, so that low can pass them.
func (m *machine) begin(l *list, p int, routing int8) (from int8, holes set, least int8) {
	from = l.low
	for i := range l.all() {
		if e := &l.epochs[i]; e.closed {
			from = max(from, e.end[p])
		}
	}
	least = from
	for i := range l.all() {
		e := &l.epochs[i]
		if e.closed {
			continue
		}
		c := m.covered(e, routing)
		for o := int(from); o < mostRecords; o++ {
			holes |= c & one(p, o)
		}
		for _, n := range e.early() {
			least = max(least, n.cut[p])
		}
	}
	return from, holes, least
}

// vectors are all that reach at least a floor.
func (m *machine) vectors(floor vec, f func(vec)) {
	top := func(p int) int8 {
		if floor[p] < 0 {
			return floor[p]
		}
		return int8(m.in.Records)
	}
	for a := floor[0]; a <= top(0); a++ {
		for b := floor[1]; b <= top(1); b++ {
			f(vec{a, b})
		}
	}
}

// seals are the entries that an epoch can get. Of those that mean the same only
// the shortest one.
func (m *machine) seals(e *epoch, routing int8, f func(entry)) {
	for x := range int8(2) {
		from := e.start
		for _, n := range e.early() {
			if n.x == x {
				from = n.cut
			}
		}
		m.vectors(from, func(cut vec) {
			for p := range partitions {
				if cut[p] > from[p] && m.route(p, int(cut[p])-1, routing) != x {
					return
				}
			}
			if cut != from {
				f(entry{x, cut})
			}
		})
	}
}
