package exactly

// Leader says under which leader of its partition a record was written: the leader
// epoch that the brokers give it, and one more. Zero is that it is not known.
type Leader uint32

// LeaderOf is the leader of a record with that leader epoch; -1 is none.
func LeaderOf(epoch int32) Leader { return Leader(max(int64(epoch), -1) + 1) }

// Epoch is the leader epoch; -1 where it is not known.
func (l Leader) Epoch() int32 { return int32(int64(l) - 1) }

// manyLeaders is how many leaders a partition may have while an epoch is open: room
// for that is kept.
const manyLeaders = 1000

// History is the log of a source up to the last record of a leader.
type History struct {
	Source
	Leader Leader
}

// Histories says of logs where they end: where the brokers have the first record of
// a later leader, or nothing. Of a history that is not in it nothing is known.
type Histories map[History]int64

// Add notes that it is to be found out where the history of a leader ends.
func (h Histories) Add(s Source, l Leader) {
	if l != 0 {
		h[History{s, l}] = -1
	}
}

// lost reports whether the log of a source has lost records below reach that a
// leader had, and from which offset on.
func (h Histories) lost(s Source, l Leader, reach int64) (from int64, lost bool) {
	end, known := h[History{s, l}]
	return end, known && end >= 0 && end < reach
}

// Upto returns a leader if the brokers have said that the log has everything up to an
// offset in its history, and none otherwise.
func (h Histories) Upto(s Source, p Position) Leader {
	if end, known := h[History{s, p.Leader}]; !known || end < p.Offset {
		return 0
	}
	return p.Leader
}

// Histories adds those that what was fetched depends on.
func (f *Fetched) Histories(all Histories) {
	all.Add(f.Source, f.Leader)
	for i := range f.Epochs {
		for _, m := range f.Epochs[i].Lane {
			all.Add(m.Source, m.Leader)
		}
	}
}

// Cut holds what was fetched to where the logs end now. Records that were
// announced and are lost have left their offsets to others: what is announced with
// them cannot be formed again, and the source is read on from where its log was cut.
// It returns that place if it is below the committed offset.
func (f *Fetched) Cut(logs Histories) (cut int64, below bool) {
	for i := range f.Epochs {
		e := &f.Epochs[i]
		for m, member := range e.Lane {
			from, lost := logs.lost(member.Source, member.Leader, e.Reach(m))
			if !lost {
				continue
			}
			e.Inexact = true
			if member.Source == f.Source {
				f.End = min(f.End, from)
			}
		}
	}
	return logs.lost(f.Source, f.Leader, f.Low)
}

// led notes in an epoch that is open which leaders have written what it has.
func (l *Lane) led(e *Epoch) {
	for i := range e.Lane {
		if p := l.find(e.Lane[i].Source); p != nil {
			e.Lane[i].Leader = p.leads
		}
	}
}
