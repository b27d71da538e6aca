package model

import (
	"fmt"
	"strings"
)

// kind is what happens in a step.
type kind uint8

const (
	stepPut kind = iota
	stepLow
	stepDrop
	stepCut
	stepOpen
	stepSeal
	stepClose
	stepArrive
	stepStored
	stepUnanswered
	stepTorn
	stepRefused
	stepRebalance
	stepKill
)

// step is what leads from a state to the next one, to be told to people.
type step struct {
	kind   kind
	worker int
	parts  uint8
	epoch  int8
	at     vec
	object object
	entry  entry
}

func (t step) String() string {
	w, e := t.worker, t.epoch
	switch t.kind {
	case stepPut:
		return fmt.Sprintf("w%d uploads %v", w, t.object)
	case stepLow:
		return fmt.Sprintf("w%d sends low %d of %s", w, t.at[0], parts(t.parts))
	case stepDrop:
		return fmt.Sprintf("w%d forgets epoch %d of %s", w, e, parts(t.parts))
	case stepCut:
		return fmt.Sprintf("w%d cuts epoch %d of %s at %v", w, e, parts(t.parts), t.at)
	case stepOpen:
		return fmt.Sprintf("w%d opens epoch %d of %s and seals x%d at %v", w, e, parts(t.parts), t.entry.x, t.entry.cut)
	case stepSeal:
		return fmt.Sprintf("w%d seals x%d at %v in epoch %d", w, t.entry.x, t.entry.cut, e)
	case stepClose:
		return fmt.Sprintf("w%d closes epoch %d at %v", w, e, t.at)
	case stepArrive:
		return fmt.Sprintf("%v is stored", t.object)
	case stepStored:
		return fmt.Sprintf("a commit of w%d is stored", w)
	case stepUnanswered:
		return fmt.Sprintf("a commit of w%d is stored, its answer is lost", w)
	case stepTorn:
		return fmt.Sprintf("a commit of w%d is stored for p0 alone", w)
	case stepRefused:
		return fmt.Sprintf("a commit of w%d is refused", w)
	case stepRebalance:
		return fmt.Sprintf("p0 goes to w%d, p1 to w%d", t.at[0], t.at[1])
	default:
		return fmt.Sprintf("w%d is killed", w)
	}
}

func (o object) String() string {
	var all []string
	for p := range partitions {
		for i := range mostRecords {
			if o.records&one(p, i) != 0 {
				all = append(all, fmt.Sprintf("p%d@%d", p, i))
			}
		}
	}
	return fmt.Sprintf("e%d/x%d/%d[%s]", o.key.id, o.key.x, o.key.j, strings.Join(all, " "))
}

func parts(set uint8) string {
	var all []string
	for p := range partitions {
		if set&(1<<p) != 0 {
			all = append(all, fmt.Sprintf("p%d", p))
		}
	}
	return strings.Join(all, "+")
}
