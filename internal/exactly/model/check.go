package model

import "fmt"

// check returns what is wrong with a state, or "".
func (m *machine) check(s *state) string {
	if wrong := m.doubled(s.stored); wrong != "" {
		return wrong
	}
	all := union(s.stored)
	for p := range partitions {
		for o := range int(s.lists[p].low) {
			if all&one(p, o) == 0 {
				return fmt.Sprintf("p%d@%d is below the committed offset and in no object", p, o)
			}
		}
	}
	for routing := range int8(2) {
		if wrong := m.takeover(s, routing); wrong != "" || !m.in.Impure {
			return wrong
		}
	}
	return ""
}

func (m *machine) doubled(stored []object) string {
	var seen, twice set
	for _, o := range stored {
		twice |= seen & o.records
		seen |= o.records
	}
	if twice == 0 || m.in.Impure {
		return ""
	}
	return fmt.Sprintf("a record is in two objects: %v", stored)
}

func union(l []object) (all set) {
	for _, o := range l {
		all |= o.records
	}
	return all
}

// takeover lets a new consumer, which nothing disturbs, take over everything
// before the rest of what is under way arrives. Commits that arrive then are
// refused.
func (m *machine) takeover(s *state, routing int8) string {
	stored := append([]object(nil), s.stored...)
	put := func(o object) {
		if at(stored, o.key) < 0 {
			stored = append(stored, o)
		}
	}
	const own = set(1<<mostRecords - 1) // records of one Kafka partition
	var done set
	for p := range partitions {
		l := m.fetch(s, p, routing)
		for o := range int(l.low) {
			done |= one(p, o)
		}
		for i := range l.all() {
			from := everything
			if !m.keeps(WholeObjects) { // R10
				from = 1 << p
			}
			for _, o := range m.objects(&l.epochs[i], routing, from) {
				put(o)
				done |= o.records & (own << (p * mostRecords))
			}
		}
	}
	id := int8(mostEpochs)
	for p := range partitions {
		for o := range m.in.Records {
			if done&one(p, o) == 0 {
				put(object{key{id: id}, one(p, o)})
				id++
			}
		}
	}
	for _, o := range s.puts {
		put(o)
	}
	if wrong := m.doubled(stored); wrong != "" {
		return "after a takeover " + wrong
	}
	all := union(stored)
	for p := range partitions {
		for o := range m.in.Records {
			if all&one(p, o) == 0 {
				return fmt.Sprintf("after a takeover p%d@%d is in no object: %v", p, o, stored)
			}
		}
	}
	return ""
}
