package exactly

import "slices"

// Slot names an object of an epoch. Its key follows from it.
type Slot struct {
	Epoch  EpochID
	Target Target
	J      int
}

// Sum is what is known of a set of records: how many, and their digest.
type Sum struct {
	Records int
	Digest  Digest
}

// Add adds other records.
func (s Sum) Add(o Sum) Sum { return Sum{s.Records + o.Records, s.Digest + o.Digest} }

func (s Sum) without(o Sum) Sum { return Sum{s.Records - o.Records, s.Digest - o.Digest} }

// stage is how far an object has come.
type stage uint8

const (
	stagePlanned   stage = iota // no commit has it
	stageSent                   // a commit that has it is under way
	stageAnnounced              // it is committed: it may be uploaded
	stageLanded                 // it is in the store
)

// tracked is an epoch and what has become of its objects.
type tracked struct {
	Epoch
	objects map[Slot]stage
	fresh   bool // differs from what was sent
	sent    bool // what was sent is neither committed nor refused
	// inherited: somebody else has made it, and may have stored any of its objects.
	inherited bool
}

func track(e Epoch) *tracked { return &tracked{Epoch: e, objects: map[Slot]stage{}} }

// landed reports whether all objects of the epoch are in the store.
func (t *tracked) landed() bool {
	for _, s := range t.objects {
		if s != stageLanded {
			return false
		}
	}
	return true
}

// shift moves all objects from a stage to another one, and returns them in order.
func (t *tracked) shift(from, to stage) (moved []Slot) {
	for slot, s := range t.objects {
		if s == from {
			t.objects[slot] = to
			moved = append(moved, slot)
		}
	}
	slices.SortFunc(moved, compareSlots)
	return moved
}

// rule is one that a test of this package can break.
type rule uint16

const (
	ruleIntentFirst   rule = 1 << iota // R1
	ruleUseIntents                     // R2
	ruleMetadataLimit                  // R4
	ruleOneCommit                      // R6
	ruleFrozen                         // R7
	ruleKeepLanded                     // R8
	ruleLandFirst                      // R9
	ruleWholeObjects                   // R10
	ruleDigest                         // R11
)

func (r rule) keeps(o rule) bool { return r&o == 0 }
