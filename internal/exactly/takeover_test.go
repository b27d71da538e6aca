package exactly

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// left is what a predecessor left of p0 and p1: an object of target 1 with what is
// below 3 of p0 and below 2 of p1, in an epoch that it did not close.
func left(t *testing.T) (metadata []Epoch) {
	t.Helper()
	l := owner(t, p0, p1)
	arrives(l, p0, 5, 1)
	arrives(l, p1, 5, 1)
	var zero, one Sum
	for o := range int64(3) {
		zero = zero.Add(sumOf(recordID{p0, o}, 1))
	}
	for o := range int64(2) {
		one = one.Add(sumOf(recordID{p1, o}, 1))
	}
	_, err := l.Seal(1, []Part{{p0, 3, zero}, {p1, 2, one}})
	require.NoError(t, err)
	offsets, _ := committed(t, l)
	return epochsOf(t, offsets[0])
}

// replay has all reads come through, with the target of each record.
func replay(t *Takeover, target func(Source, int64) Target) map[Slot][]recordID {
	objects := map[Slot][]recordID{}
	for _, r := range t.Reads() {
		for o := r.From; o < r.To; o++ {
			if slot, ok := t.Place(r.Source, o, target(r.Source, o)); ok {
				objects[slot] = append(objects[slot], recordID{r.Source, o})
			}
		}
	}
	return objects
}

func always(t Target) func(Source, int64) Target { return func(Source, int64) Target { return t } }

// TestASuccessorFormsTheWholeObject: R10. The records of p1, which is somebody
// else's, are in it.
func TestASuccessorFormsTheWholeObject(t *testing.T) {
	epochs := left(t)
	s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochs}})
	assert.Equal(t, []Range{{p0, 0, 3}, {p1, 0, 2}}, s.Reads())
	objects := replay(s, always(1))
	_, ok := s.Place(p0, 3, 1)
	assert.False(t, ok, "what comes after it is for normal reading")
	slot := Slot{epochs[0].ID, 1, 1}
	assert.Equal(t, map[Slot][]recordID{slot: {{p0, 0}, {p0, 1}, {p0, 2}, {p1, 0}, {p1, 1}}}, objects)
	all, announced := s.Done()
	assert.Equal(t, []Slot{slot}, announced)
	require.Len(t, all, 1)
	assert.EqualValues(t, 3, all[0].Position)
	assert.False(t, all[0].Again)

	l := NewLane(DefaultLimit, counter(100))
	l.Gain(all...)
	offsets, _ := committed(t, l)
	require.Len(t, offsets, 1)
	assert.Len(t, epochsOf(t, offsets[0]), 2, "and what was left of p0 below the cut, which is nothing here")
	require.NoError(t, l.Landed(slot))
	offsets, _ = committed(t, l)
	assert.Equal(t, []Offset{{Source: p0, Offset: 3}}, offsets)
}

// TestWhatIsBesideEarlyObjectsGetsAnEpochOfItsOwn, which is not uploaded before
// it is committed.
func TestWhatIsBesideEarlyObjectsGetsAnEpochOfItsOwn(t *testing.T) {
	epochs := left(t)
	epochs[0].Digest = 0
	target := func(_ Source, o int64) Target { return Target(1 + o%2) }
	for _, r := range []recordID{{p0, 0}, {p0, 2}, {p1, 0}} {
		epochs[0].Digest += sumOf(r, 1).Digest
	}
	s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochs}})
	objects := replay(s, target)
	early, rest := Slot{epochs[0].ID, 1, 1}, Slot{EpochID{101}, 2, 0}
	assert.Equal(t, map[Slot][]recordID{early: {{p0, 0}, {p0, 2}, {p1, 0}}, rest: {{p0, 1}}}, objects,
		"record 1 of p1 is for the owner of p1")
	all, announced := s.Done()
	assert.Equal(t, []Slot{early}, announced)
	l := NewLane(DefaultLimit, counter(100))
	l.Gain(all...)
	offsets, more := committed(t, l)
	assert.Equal(t, []Slot{rest}, more)
	left := epochsOf(t, offsets[0])
	require.Len(t, left, 2)
	assert.Equal(t, []Member{{Source: p0, Print: 7, Start: 0, End: 3}}, left[1].Lane)

	// The next one finds the holes again.
	again := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: left}})
	assert.Equal(t, objects, replay(again, target))
	all, announced = again.Done()
	assert.ElementsMatch(t, []Slot{early, rest}, announced)
	assert.False(t, all[0].Again)
}

// TestWhatCannotBeFormedAgainIsStoredAgain: R11.
func TestWhatCannotBeFormedAgainIsStoredAgain(t *testing.T) {
	for name, spoil := range map[string]func(*Fetched) func(Source, int64) Target{
		"another target":    func(*Fetched) func(Source, int64) Target { return always(2) },
		"a record too late": func(f *Fetched) func(Source, int64) Target { f.Epochs[0].Inexact = true; return always(1) },
		"a new topic":       func(f *Fetched) func(Source, int64) Target { f.Print++; return always(1) },
		"a record is gone":  func(f *Fetched) func(Source, int64) Target { f.Epochs[0].Digest++; return always(1) },
	} {
		t.Run(name, func(t *testing.T) {
			f := Fetched{Source: p0, Print: 7, End: far, Epochs: left(t)}
			target := spoil(&f)
			s := NewTakeover(counter(100), []Fetched{f})
			replay(s, target)
			all, announced := s.Done()
			assert.Empty(t, announced)
			assert.True(t, all[0].Again)
			assert.Zero(t, all[0].Position)
			l := NewLane(DefaultLimit, counter(100))
			l.Gain(all...)
			offsets, _ := committed(t, l)
			assert.Equal(t, []Offset{{Source: p0, Offset: 0}}, offsets, "nobody is to use the intent after us")
		})
	}
}

// TestSourcesTakenOverTogetherShareTheirEpochs, so that an object is formed once.
func TestSourcesTakenOverTogetherShareTheirEpochs(t *testing.T) {
	epochs := left(t)
	s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochs}, {Source: p1, Print: 7, End: far, Epochs: epochs}})
	objects := replay(s, always(1))
	assert.Len(t, objects, 1)
	all, announced := s.Done()
	assert.Len(t, announced, 1)
	l := NewLane(DefaultLimit, counter(100))
	l.Gain(all...)
	committed(t, l)
	require.NoError(t, l.Landed(announced[0]))
	offsets, _ := committed(t, l)
	assert.Equal(t, []Offset{{Source: p0, Offset: 3}, {Source: p1, Offset: 2}}, offsets)
}

// TestALogThatLostItsEnd: other records have the offsets then, or will have them.
// They are neither passed over nor taken for those that were announced.
func TestALogThatLostItsEnd(t *testing.T) {
	for end, again := range map[int64]bool{0: true, 2: true, 3: false, 7: false} {
		s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: end, Epochs: left(t)}})
		reads := s.Reads()
		assert.Contains(t, reads, Range{p1, 0, 2}, "others have their own")
		replay(s, always(1))
		assert.Equal(t, min(3, end), s.Positions()[p0].Offset, "%d", end)
		all, announced := s.Done()
		require.Len(t, all, 1)
		assert.Equal(t, again, all[0].Again, "%d", end)
		assert.Equal(t, min(3, end), all[0].Reach, "%d", end)
		if again {
			assert.Zero(t, all[0].Position)
			assert.Empty(t, announced)
		}
	}
}
