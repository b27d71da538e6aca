package exactly

import (
	"fmt"
	"iter"
	"slices"
)

// Offset is what is committed for a source.
type Offset struct {
	Source
	Offset   int64
	Leader   Leader // of the record below it
	Metadata string
}

// Commit returns what is to be committed, in one request that is stored as a
// whole (R4). There is nothing while one is under way (R6).
func (l *Lane) Commit() ([]Offset, error) {
	if l.sending && l.broken.keeps(ruleOneCommit) {
		return nil, nil
	}
	var all []Offset
	for _, p := range l.sources {
		if !p.dirty {
			continue
		}
		epochs := make([]Epoch, 0, len(p.list))
		for _, e := range p.list {
			epochs = append(epochs, e.Epoch)
		}
		text, err := Encode(p.Topic, epochs, l.most())
		if err != nil {
			return nil, fmt.Errorf("committing the epochs of %s: %w", p.Source, err)
		}
		all = append(all, Offset{p.Source, p.low, p.below, text})
	}
	if len(all) == 0 {
		return nil, nil
	}
	l.sending = true
	for _, p := range l.sources {
		p.dirty = false
	}
	for e := range l.epochs() {
		e.fresh, e.sent = false, e.sent || e.fresh
		e.shift(stagePlanned, stageSent)
	}
	return all, nil
}

// dirty reports whether there is anything to commit.
func (l *Lane) dirty() bool {
	return !l.sending && slices.ContainsFunc(l.sources, func(p *source) bool { return p.dirty })
}

// Committed notes that the commit under way is stored, and returns the objects
// that may be uploaded since (R1).
func (l *Lane) Committed() (announced []Slot) {
	l.sending = false
	for e := range l.epochs() {
		e.sent = false
		announced = append(announced, e.shift(stageSent, stageAnnounced)...)
	}
	return announced
}

// epochs are all that are listed, each once. Of one that was taken over twice there
// are two.
func (l *Lane) epochs() iter.Seq[*tracked] {
	return func(yield func(*tracked) bool) {
		seen := map[*tracked]bool{}
		for _, p := range l.sources {
			for _, e := range p.list {
				if seen[e] {
					continue
				}
				if seen[e] = true; !yield(e) {
					return
				}
			}
		}
	}
}

// Refused notes that the commit under way is certainly not stored and will not
// be, and that what is owned is owned without a gap (R5): it is sent anew. Of one
// without an answer nobody knows that; the lane is given up then.
func (l *Lane) Refused() {
	l.sending = false
	for _, p := range l.sources {
		p.dirty = true
		for _, e := range p.list {
			e.fresh, e.sent = e.fresh || e.sent, false
		}
	}
}

// Landed notes that an object is in the store: the upload has succeeded, or the
// key was taken, by whoever carried out the same intent.
func (l *Lane) Landed(s Slot) error {
	found := false
	for _, p := range l.sources {
		for _, e := range p.list {
			at, ok := e.objects[s]
			if !ok {
				continue
			}
			if at < stageAnnounced && l.broken.keeps(ruleIntentFirst) {
				return fmt.Errorf("object %d of epoch %x was stored before its intent (R1)", s.J, s.Epoch)
			}
			e.objects[s] = stageLanded
			found = true
		}
	}
	if found {
		l.advanceAll()
	}
	return nil
}

func (l *Lane) advanceAll() {
	for _, p := range l.sources {
		l.advance(p)
	}
}

// advance moves low past the epochs that have landed. One that landed before
// others stays listed until then (R8).
func (l *Lane) advance(p *source) {
	for i := 0; i < len(p.list); i++ {
		e := p.list[i]
		if !e.landed() && l.broken.keeps(ruleLandFirst) { // R9
			break
		}
		if e.Closed {
			m, _ := e.Member(p.Source)
			if e.Lane[m].End > p.done && l.broken.keeps(ruleLandFirst) {
				break
			}
			p.low, p.below, p.dirty = e.Lane[m].End, e.Lane[m].Leader, true
			p.list = p.list[i+1:]
			i = -1
		}
	}
	if !l.broken.keeps(ruleKeepLanded) { // R8
		p.list = slices.DeleteFunc(p.list, func(e *tracked) bool {
			gone := e.landed() && e != l.growing
			p.dirty = p.dirty || gone
			return gone
		})
	}
}

// Lose lets sources go. It returns those that stay with us and have to be taken
// over anew. These are all, when a commit is under way, of which nobody knows then
// whether it is stored. Otherwise it is those that share an epoch with a lost one
// which grows, or of which no commit has what it is now: it must not change any
// more (R7). And so on from these: what is taken over anew is as lost to the epochs
// that it was in. The others go on.
func (l *Lane) Lose(gone ...Source) (again []Source) {
	lost := slices.Clone(gone)
	for more := true; more; {
		more = false
		for _, p := range l.sources {
			if slices.Contains(lost, p.Source) || !l.sending && !slices.ContainsFunc(p.list, func(e *tracked) bool { return l.torn(e, lost) }) {
				continue
			}
			lost, again, more = append(lost, p.Source), append(again, p.Source), true
		}
	}
	if l.growing != nil && (l.sending || l.torn(l.growing, lost)) {
		l.growing = nil
	}
	l.sources = slices.DeleteFunc(l.sources, func(p *source) bool { return slices.Contains(lost, p.Source) })
	l.sending = false
	return again
}

func (l *Lane) torn(e *tracked, lost []Source) bool {
	return (e.fresh || e == l.growing) && l.broken.keeps(ruleFrozen) &&
		slices.ContainsFunc(lost, func(s Source) bool { _, ok := e.Member(s); return ok })
}

// separable reports whether no other source is to be taken over anew when some go.
func (l *Lane) separable(gone []Source) bool {
	if l.sending {
		return false
	}
	for _, p := range l.sources {
		if slices.ContainsFunc(p.list, func(e *tracked) bool { return l.torn(e, gone) }) {
			return false
		}
	}
	return true
}
