package model

import "slices"

// arrivals delivers what is under way, in any order.
func (m *machine) arrivals(s *state, v visit) {
	for i, o := range s.puts {
		n := *s
		n.puts = without(s.puts, i)
		if at(s.stored, o.key) < 0 { // If-None-Match
			n.stored = with(s.stored, o)
		}
		v(step{kind: stepArrive, object: o}, &n)
	}
	for i := range s.commits {
		m.delivers(s, i, v)
	}
}

func (m *machine) delivers(s *state, i int, v visit) {
	c := s.commits[i]
	rest := *s
	rest.commits = without(s.commits, i)
	waits := s.workers[c.worker].session == c.session
	if m.keeps(Fenced) && c.gen != s.gen { // R3
		if waits { // somebody else may own what it had: it begins anew
			rest.workers[c.worker].restart()
		}
		v(step{kind: stepRefused, worker: c.worker}, &rest)
		return
	}
	n := rest
	n.store(&c, c.parts)
	if waits {
		n.answered(&c)
	}
	v(step{kind: stepStored, worker: c.worker}, &n)
	if waits {
		n = rest
		n.store(&c, c.parts)
		v(step{kind: stepUnanswered, worker: c.worker}, &n)
	}
	if !m.keeps(WholeCommit) && c.parts == everything { // R4
		n = rest
		n.store(&c, 1)
		v(step{kind: stepTorn, worker: c.worker}, &n)
	}
}

func (s *state) store(c *commit, parts uint8) {
	for p := range partitions {
		if parts&(1<<p) != 0 {
			s.lists[p] = c.lists[p]
		}
	}
}

// answered tells a consumer that its commit is stored.
func (s *state) answered(c *commit) {
	x := &s.workers[c.worker]
	x.waiting = slices.ContainsFunc(s.commits, func(o commit) bool {
		return o.worker == c.worker && o.session == c.session
	})
	for p := range partitions {
		if c.parts&(1<<p) == 0 {
			continue
		}
		for i := range c.lists[p].all() {
			sent := &c.lists[p].epochs[i]
			if mine := x.view[p].find(sent.id); mine != nil {
				mine.durable = max(mine.durable, sent.n)
				mine.acked = mine.acked || sent.n == mine.n && sent.closed == mine.closed
			}
		}
	}
}

// rebalances gives every partition an owner. Who gets none is not told, and
// goes on as a zombie.
func (m *machine) rebalances(s *state, v visit) {
	for a := range m.in.Workers {
		for b := range m.in.Workers {
			n := *s
			n.gen++
			owner := vec{int8(a), int8(b)}
			for w := range m.in.Workers {
				var owned uint8
				for p := range owner {
					if int(owner[p]) == w {
						owned |= 1 << p
					}
				}
				if owned != 0 {
					m.assign(&n, w, owned)
				}
			}
			v(step{kind: stepRebalance, at: owner}, &n)
		}
	}
}

// assign gives partitions to a consumer. Those that it keeps it goes on with, if
// it has seen each generation and waits for no answer; of others it fetches what
// is committed.
func (m *machine) assign(s *state, w int, owned uint8) {
	x := &s.workers[w]
	seen := x.gen == s.gen-1 || !m.keeps(Continuous) // R5
	kept := x.owned & owned
	if !x.member || !seen || x.waiting {
		kept, x.open = 0, -1
	}
	if e := x.growing(); e != nil && e.lane()&^kept != 0 && (m.keeps(Frozen) || e.lane()&kept == 0) { // R7
		x.open = -1
	}
	x.member, x.gen, x.owned, x.waiting = true, s.gen, owned, false
	x.session++ // of what is under way an earlier generation is the sender
	for p := range partitions {
		if kept&(1<<p) != 0 {
			continue
		}
		x.view[p] = list{}
		if owned&(1<<p) != 0 {
			x.view[p] = m.fetch(s, p, x.routing)
		}
	}
}

// fetch is what a new owner takes over.
func (m *machine) fetch(s *state, p int, routing int8) list {
	l := s.lists[p]
	if !m.keeps(UseIntents) { // R2
		l.drop(0, int(l.n))
	}
	for i := range l.all() {
		e := &l.epochs[i]
		e.acked, e.durable = true, e.n
		if m.keeps(CompareDigest) && m.in.Impure && // R11
			!slices.Equal(m.objects(e, e.by, everything), m.objects(e, routing, everything)) {
			l.drop(0, int(l.n))
			break
		}
	}
	return l
}
