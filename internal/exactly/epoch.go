package exactly

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Source is a Kafka partition.
type Source struct {
	Topic string
	ID    int32
}

// Compare orders sources by topic and number.
func (s Source) Compare(o Source) int {
	return cmp.Or(strings.Compare(s.Topic, o.Topic), cmp.Compare(s.ID, o.ID))
}

// String is the name of a source in messages: "events/3".
func (s Source) String() string { return fmt.Sprintf("%s/%d", s.Topic, s.ID) }

// Member is a source of an epoch, with the offsets that the epoch has of it.
type Member struct {
	Source
	// Print tells a topic from one of the same name that was made later; zero
	// where the broker has no ids of topics.
	Print uint32
	// Start is the first offset, End the one after the last; it is zero until the
	// epoch is closed.
	Start, End int64
	// Leader is that of the last record which the epoch has of the source, or of a
	// later one: a successor finds out by it whether these records were lost since.
	Leader Leader
}

// Early is an object that is sealed before its epoch is closed, or that was taken
// out of another one because all did not fit: the records of a target below Cuts
// that no object with lower cuts of that target holds. The cuts of a target's
// objects are in one order, whatever the order in which they were made.
type Early struct {
	Target Target
	Cuts   []int64 // one for each member
}

// Place is a record.
type Place struct {
	Member int // index in the epoch's lane
	Offset int64
}

// Epoch is an intent: a range of records of one or more Kafka partitions, and how
// it is divided into objects. Of each target there is an object for each early
// entry, and when the epoch is closed one more for what is left.
type Epoch struct {
	ID EpochID
	// Clock is when the epoch was begun, in milliseconds: what the names of its
	// objects have for the time.
	Clock time.Time
	// Digest is the sum over all records that the objects hold.
	Digest Digest
	Closed bool
	// Inexact says that the objects cannot be formed again as they are, because a
	// record came too late for its object or too many were refused. A successor
	// stores their records again.
	Inexact bool
	// Lane has the members, in order. It never gets others.
	Lane  []Member
	Early []Early
	// Refused are records that the encoder could not take: they are in no object
	// of their target, but are dead letters.
	Refused []Place
}

// What an epoch holds at most. A broker takes much less in the metadata of an
// offset by default.
const (
	MostEpochs  = 64
	MostMembers = 1000
	MostEarly   = 4096
	MostRefused = 64
)

// Member returns the index of a source in the lane.
func (e *Epoch) Member(s Source) (i int, ok bool) {
	return slices.BinarySearchFunc(e.Lane, s, func(m Member, s Source) int { return m.Compare(s) })
}

// Sealed is the number of early objects of a target.
func (e *Epoch) Sealed(t Target) (n int) {
	for _, s := range e.Early {
		if s.Target == t {
			n++
		}
	}
	return n
}

// Reach is the offset of a member up to which an epoch says anything: its end,
// or the highest cut while it is not closed.
func (e *Epoch) Reach(member int) int64 {
	if e.Closed {
		return e.Lane[member].End
	}
	reach := e.Lane[member].Start
	for _, s := range e.Early {
		reach = max(reach, s.Cuts[member])
	}
	return reach
}

// last is the number of the object that has what is left of a target when its
// epoch is closed. Early objects have the numbers from 1 on, in the order in which
// they were made: no number changes when another object is made.
const last = 0

// Object returns which object of its target a record is in. There is none for a
// record outside of the epoch, or above all cuts while it is not closed.
func (e *Epoch) Object(member int, offset int64, t Target) (j int, ok bool) {
	m := e.Lane[member]
	if offset < m.Start || e.Closed && offset >= m.End {
		return 0, false
	}
	n, found := 0, -1
	for i, s := range e.Early {
		if s.Target != t {
			continue
		}
		n++
		if offset < s.Cuts[member] && (found < 0 || below(s.Cuts, e.Early[found].Cuts)) {
			j, found = n, i
		}
	}
	if found >= 0 {
		return j, true
	}
	return last, e.Closed
}

// early returns the n-th early object of a target, nil where there is none.
func (e *Epoch) early(t Target, n int) *Early {
	for i := range e.Early {
		if e.Early[i].Target != t {
			continue
		}
		if n--; n == 0 {
			return &e.Early[i]
		}
	}
	return nil
}

// below reports whether no cut is above that of the other object, and any is
// below.
func below(a, b []int64) bool {
	less := false
	for i := range a {
		if a[i] > b[i] {
			return false
		}
		less = less || a[i] < b[i]
	}
	return less
}

// Refuses reports whether a record is one that the encoder could not take.
func (e *Epoch) Refuses(member int, offset int64) bool {
	return slices.Contains(e.Refused, Place{member, offset})
}

// Clone copies an epoch with all that it refers to.
func (e *Epoch) Clone() Epoch {
	c := *e
	c.Lane = slices.Clone(e.Lane)
	c.Refused = slices.Clone(e.Refused)
	c.Early = slices.Clone(e.Early)
	for i := range c.Early {
		c.Early[i].Cuts = slices.Clone(c.Early[i].Cuts)
	}
	return c
}

// check refuses an epoch that cannot have been made by the rules.
func (e *Epoch) check() error {
	switch {
	case len(e.Lane) == 0:
		return errors.New("it has no Kafka partition")
	case len(e.Lane) > MostMembers || len(e.Early) > MostEarly || len(e.Refused) > MostRefused:
		return errors.New("it has more than can be")
	case e.Clock.UnixMilli() < 0:
		return errors.New("its clock is before 1970")
	}
	for i, m := range e.Lane {
		switch {
		case i > 0 && e.Lane[i-1].Compare(m.Source) >= 0:
			return errors.New("its Kafka partitions are not in order")
		case m.ID < 0 || m.Topic == "" || m.Start < 0 || e.Closed && m.End < m.Start || !e.Closed && m.End != 0:
			return fmt.Errorf("offsets %d to %d of %s cannot be", m.Start, m.End, m.Source)
		}
	}
	if err := e.checkEarly(); err != nil {
		return err
	}
	for _, p := range e.Refused {
		if p.Member < 0 || p.Member >= len(e.Lane) || p.Offset < e.Lane[p.Member].Start ||
			e.Closed && p.Offset >= e.Lane[p.Member].End {
			return errors.New("it refuses a record that it does not have")
		}
	}
	return nil
}

// checkEarly holds the cuts of each target to the order that they must have.
func (e *Epoch) checkEarly() error {
	targets := map[Target][][]int64{}
	for _, s := range e.Early {
		if len(s.Cuts) != len(e.Lane) {
			return errors.New("a cut lacks Kafka partitions")
		}
		for i, m := range e.Lane {
			if s.Cuts[i] < m.Start || e.Closed && s.Cuts[i] > m.End {
				return fmt.Errorf("cut %d of %s cannot be", s.Cuts[i], m.Source)
			}
		}
		targets[s.Target] = append(targets[s.Target], s.Cuts)
	}
	for _, cuts := range targets {
		slices.SortFunc(cuts, slices.Compare)
		for i := range cuts[1:] {
			if below(cuts[i+1], cuts[i]) || !below(cuts[i], cuts[i+1]) && !slices.Equal(cuts[i], cuts[i+1]) {
				return errors.New("its cuts are in no order")
			}
		}
	}
	return nil
}
