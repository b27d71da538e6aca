package model

// machine knows what can follow a state.
type machine struct {
	in     Instance
	broken Rule
}

func (m *machine) keeps(r Rule) bool { return m.broken&r == 0 }

// visit is told of a step and of the state that it leads to.
type visit func(step, *state)

// next visits all states that can follow.
func (m *machine) next(s *state, v visit) {
	for w := range m.in.Workers {
		m.work(s, w, v)
	}
	m.arrivals(s, v)
	if int(s.gen) < m.in.Rebalances {
		m.rebalances(s, v)
	}
	for w := range m.in.Workers {
		if int(s.crashes) < m.in.Crashes && s.workers[w].member {
			n := *s
			n.crashes++
			n.workers[w].restart()
			v(step{kind: stepKill, worker: w}, &n)
		}
	}
}

// work is what a consumer can do.
func (m *machine) work(s *state, w int, v visit) {
	if !s.workers[w].member {
		return
	}
	m.uploads(s, w, v)
	if s.workers[w].waiting && m.keeps(OneCommit) { // R6
		return
	}
	m.moves(s, w, v)
	if e := s.workers[w].growing(); e != nil {
		m.extend(s, w, *e, v)
	} else if int(s.epochs) < m.in.Epochs {
		m.begins(s, w, v)
	}
}

// growing is the open epoch as the consumer knows it.
func (w *worker) growing() *epoch {
	for p := range partitions {
		if w.open >= 0 && w.owned&(1<<p) != 0 {
			if e := w.view[p].find(w.open); e != nil {
				return e
			}
		}
	}
	return nil
}

// uploads begins an upload of whatever is announced.
func (m *machine) uploads(s *state, w int, v visit) {
	x := &s.workers[w]
	for p := range partitions {
		if x.owned&(1<<p) == 0 {
			continue
		}
		for i := range x.view[p].all() {
			e := &x.view[p].epochs[i]
			from := everything
			if !m.keeps(WholeObjects) && e.id != x.open { // R10
				from = x.owned
			}
			for _, o := range m.objects(e, x.routing, from) {
				if m.keeps(IntentFirst) && !announced(e, o.key) { // R1
					continue
				}
				if at(s.stored, o.key) >= 0 || under(s.puts, o) {
					continue
				}
				n := *s
				n.puts = with(s.puts, o)
				v(step{kind: stepPut, worker: w, object: o}, &n)
			}
		}
	}
}

func under(puts []object, o object) bool {
	i := at(puts, o.key)
	return i >= 0 && puts[i] == o
}

// moves advances low, past what has landed.
func (m *machine) moves(s *state, w int, v visit) {
	x := &s.workers[w]
	for p := range partitions {
		if x.owned&(1<<p) == 0 {
			continue
		}
		if !m.keeps(KeepLanded) { // R8
			m.forgets(s, w, p, v)
		}
		for i := range x.view[p].all() {
			e := &x.view[p].epochs[i]
			if m.keeps(LandFirst) && (!e.acked || !m.landed(s, e, x.routing)) { // R9
				break
			}
			if !e.closed {
				continue
			}
			n := *s
			l := &n.workers[w].view[p]
			l.low = e.end[p]
			l.drop(0, i+1)
			n.send(w, 1<<p)
			v(step{kind: stepLow, worker: w, parts: 1 << p, at: vec{e.end[p]}}, &n)
			break
		}
	}
}

// forgets drops what has landed before low passes it.
func (m *machine) forgets(s *state, w, p int, v visit) {
	x := &s.workers[w]
	for i := range x.view[p].all() {
		e := &x.view[p].epochs[i]
		if e.id == x.open || !m.landed(s, e, x.routing) || e.closed && i == 0 {
			continue
		}
		n := *s
		n.workers[w].view[p].drop(i, i+1)
		n.send(w, 1<<p)
		v(step{kind: stepDrop, worker: w, parts: 1 << p, epoch: e.id}, &n)
	}
}

// send puts what a consumer knows of some partitions on its way to the broker.
func (s *state) send(w int, parts uint8) {
	x := &s.workers[w]
	c := commit{worker: w, session: x.session, gen: x.gen, parts: parts}
	for p := range partitions {
		if parts&(1<<p) == 0 {
			continue
		}
		c.lists[p] = x.view[p]
		for i := range c.lists[p].all() {
			c.lists[p].epochs[i].acked, c.lists[p].epochs[i].durable = false, 0
		}
	}
	x.waiting = true
	s.commits = with(s.commits, c)
}

// begins begins an epoch of any lane: with a cut, or with an object sealed early.
func (m *machine) begins(s *state, w int, v visit) {
	x := &s.workers[w]
	for lane := uint8(1); lane <= everything; lane++ {
		mixed := lane&(lane-1) != 0
		if lane&^x.owned != 0 || mixed && !m.in.Mixed {
			continue
		}
		e := epoch{id: s.epochs, start: vec{-1, -1}, end: vec{-1, -1}}
		if m.in.Impure {
			e.by = x.routing
		}
		floor := vec{-1, -1}
		for p := range partitions {
			if lane&(1<<p) == 0 {
				continue
			}
			from, holes, least := m.begin(&x.view[p], p, x.routing)
			e.start[p], floor[p] = from, least
			e.holes |= holes
		}
		if e.holes != 0 && mixed {
			continue // what is beside holes is in an epoch of that partition alone
		}
		m.vectors(floor, func(end vec) {
			if end != e.start {
				c := e
				c.closed, c.end = true, end
				m.announce(s, w, lane, c, step{kind: stepCut, at: end}, v)
			}
		})
		if m.in.Early && e.holes == 0 {
			m.seals(&e, x.routing, func(n entry) {
				c := e
				c.add(n)
				m.announce(s, w, lane, c, step{kind: stepOpen, entry: n}, v)
			})
		}
	}
}

func (m *machine) announce(s *state, w int, lane uint8, e epoch, t step, v visit) {
	n := *s
	x := &n.workers[w]
	for p := range partitions {
		if lane&(1<<p) != 0 {
			x.view[p].add(e)
		}
	}
	if !e.closed {
		x.open = e.id
	}
	n.epochs++
	n.send(w, lane)
	t.worker, t.parts, t.epoch = w, lane, e.id
	v(t, &n)
}

// extend seals one more object of the open epoch, or closes it.
func (m *machine) extend(s *state, w int, e epoch, v visit) {
	routing := s.workers[w].routing
	floor := e.start
	for _, n := range e.early() {
		for p := range floor {
			floor[p] = max(floor[p], n.cut[p])
		}
	}
	e.acked = false
	m.vectors(floor, func(end vec) {
		c := e
		c.closed, c.end = true, end
		m.change(s, w, c, step{kind: stepClose, at: end}, v)
	})
	if e.n < mostEntries {
		m.seals(&e, routing, func(n entry) {
			c := e
			c.add(n)
			m.change(s, w, c, step{kind: stepSeal, entry: n}, v)
		})
	}
}

func (m *machine) change(s *state, w int, e epoch, t step, v visit) {
	n := *s
	x := &n.workers[w]
	for p := range partitions {
		if x.owned&e.lane()&(1<<p) != 0 {
			if mine := x.view[p].find(e.id); mine != nil {
				*mine = e
			}
		}
	}
	if e.closed {
		x.open = -1
	}
	n.send(w, e.lane()&x.owned)
	t.worker, t.epoch = w, e.id
	v(t, &n)
}
