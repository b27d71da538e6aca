package model

import (
	"bytes"
	"slices"
)

// world writes what is outside of consumers: the broker and the store.
func (m *machine) world(b []byte, s *state) []byte {
	b = append(b, byte(s.gen), byte(s.epochs), byte(s.crashes))
	b = s.lists.append(b, everything)
	b = appendObjects(b, s.puts)
	return appendObjects(b, s.stored)
}

// workers writes what consumers know and have sent. Consumers can be exchanged
// for each other, so that their order does not matter.
func (m *machine) workers(b []byte, s *state) []byte {
	all := make([][]byte, m.in.Workers)
	for w := range all {
		all[w] = m.worker(make([]byte, 0, 160), s, w)
	}
	slices.SortFunc(all, bytes.Compare)
	for _, w := range all {
		b = append(b, byte(len(w)), byte(len(w)>>8))
		b = append(b, w...)
	}
	return b
}

func (m *machine) worker(b []byte, s *state, w int) []byte {
	x := &s.workers[w]
	b = append(b, bit(x.member)|bit(x.waiting)<<1|bit(x.gen == s.gen)<<2, x.owned, byte(x.open))
	if m.in.Impure {
		b = append(b, byte(x.routing))
	}
	b = x.view.append(b, x.owned)
	var commits [][]byte
	for i := range s.commits {
		c := &s.commits[i]
		if c.worker == w {
			sent := []byte{bit(c.session == x.session) | bit(c.gen == s.gen)<<1, c.parts}
			commits = append(commits, c.lists.append(sent, c.parts))
		}
	}
	slices.SortFunc(commits, bytes.Compare)
	return append(b, bytes.Join(commits, nil)...)
}

func (l *lists) append(b []byte, parts uint8) []byte {
	for p := range l {
		if parts&(1<<p) == 0 {
			continue
		}
		b = append(b, byte(l[p].low), byte(l[p].n))
		for i := range l[p].all() {
			b = l[p].epochs[i].append(b)
		}
	}
	return b
}

func (e *epoch) append(b []byte) []byte {
	b = append(b, byte(e.id), byte(e.by)<<2|bit(e.closed)<<1|bit(e.acked), byte(e.holes), byte(e.n), byte(e.durable))
	b = append(b, byte(e.start[0]), byte(e.start[1]), byte(e.end[0]), byte(e.end[1]))
	for _, n := range e.early() {
		b = append(b, byte(n.x), byte(n.cut[0]), byte(n.cut[1]))
	}
	return b
}

func appendObjects(b []byte, l []object) []byte {
	sorted := slices.SortedFunc(slices.Values(l), compareObjects)
	b = append(b, byte(len(l)))
	for _, o := range sorted {
		b = append(b, byte(o.key.id), byte(o.key.x), byte(o.key.j), byte(o.records))
	}
	return b
}

func bit(v bool) byte {
	if v {
		return 1
	}
	return 0
}
