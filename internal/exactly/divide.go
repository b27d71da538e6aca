package exactly

import (
	"errors"
	"fmt"
	"slices"
)

// ErrFrozen is that an epoch cannot be changed any more: somebody else may carry
// out what it says now (R7).
var ErrFrozen = errors.New("the epoch is not all ours any more")

// Divide takes the first records of an object away from it, because all of them
// do not fit, and makes another object of them. What is left keeps its slot; both
// have to be committed anew. Nothing of the object may have been uploaded.
func (l *Lane) Divide(s Slot, parts []Part) (Slot, error) {
	e, err := l.changeable(s)
	if err != nil {
		return Slot{}, err
	}
	next := e.Clone()
	whole := next.early(s.Target, s.J) // nil: up to the end
	cuts := highest(&next, s.Target, func(cuts []int64) bool { return whole == nil || below(cuts, whole.Cuts) })
	for _, p := range parts {
		i, ok := next.Member(p.Source)
		if !ok || p.Cut < cuts[i] || whole != nil && p.Cut > whole.Cuts[i] || whole == nil && p.Cut > next.Lane[i].End {
			return Slot{}, fmt.Errorf("dividing an object at offset %d of %s: it does not hold that", p.Cut, p.Source)
		}
		cuts[i] = p.Cut
	}
	next.Early = append(next.Early, Early{s.Target, cuts})
	if !l.fits(e, next) {
		return Slot{}, ErrNoRoom
	}
	e.Epoch = next
	first := Slot{s.Epoch, s.Target, next.Sealed(s.Target)}
	e.objects[first], e.objects[s] = stagePlanned, stagePlanned
	l.changed(e)
	return first, nil
}

// Refuse notes records that the encoder of an object could not take. It returns
// the slot of the object of their dead letters, and has both committed. Nothing of
// the object may have been uploaded. Where the epoch has no room for them, or their
// offsets do not tell them apart from others, it says of itself that it cannot be
// formed again, and noted is false.
func (l *Lane) Refuse(s Slot, refused []Recorded, apart bool) (letters Slot, noted bool, err error) {
	e, err := l.changeable(s)
	if err != nil {
		return Slot{}, false, err
	}
	next := e.Clone()
	for _, r := range refused {
		i, ok := next.Member(r.Source)
		if !ok {
			return Slot{}, false, fmt.Errorf("refusing offset %d of %s: it is not in this epoch", r.Offset, r.Source)
		}
		if !next.Refuses(i, r.Offset) {
			next.Refused = append(next.Refused, Place{i, r.Offset})
		}
	}
	noted = apart && len(next.Refused) <= MostRefused && l.fits(e, next)
	if !noted {
		next = e.Clone()
		next.Inexact = true
	}
	e.Epoch = next
	letters = s.Letters()
	e.objects[letters], e.objects[s] = stagePlanned, stagePlanned
	l.changed(e)
	return letters, noted, nil
}

// Recorded is the place of a record in Kafka.
type Recorded struct {
	Source
	Offset int64
}

// Letters is the slot of the dead letters of an object.
func (s Slot) Letters() Slot { return Slot{s.Epoch, s.Target.Letters(), s.J} }

// changeable returns the epoch of an object that is all ours (R7).
func (l *Lane) changeable(s Slot) (*tracked, error) {
	e := l.tracked(s)
	if e == nil || e.inherited {
		return nil, ErrFrozen
	}
	if _, refused := e.objects[s.Letters()]; refused {
		return nil, ErrFrozen // dead letters are found by the object that their records were in
	}
	for _, m := range e.Lane {
		if p := l.find(m.Source); p == nil || !slices.Contains(p.list, e) {
			return nil, ErrFrozen
		}
	}
	return e, nil
}

// tracked returns the epoch of an object; nil when it is not ours any more.
func (l *Lane) tracked(s Slot) *tracked {
	for _, p := range l.sources {
		for _, e := range p.list {
			if _, ok := e.objects[s]; ok {
				return e
			}
		}
	}
	return nil
}
