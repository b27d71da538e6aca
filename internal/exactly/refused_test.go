package exactly

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnObjectOfRefusedRecordsAloneNeedsNotLand: a successor has nothing to store
// for it but their dead letters.
func TestAnObjectOfRefusedRecordsAloneNeedsNotLand(t *testing.T) {
	l := owner(t, p0)
	arrives(l, p0, 2, 1)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	letters, noted, err := l.Refuse(slots[0], []Recorded{{p0, 0}, {p0, 1}}, true)
	require.NoError(t, err)
	require.True(t, noted)
	_, err = l.Divide(slots[0], []Part{{Source: p0, Cut: 1}})
	require.ErrorIs(t, err, ErrFrozen, "its dead letters would be looked for elsewhere")
	offsets, announced := committed(t, l)
	assert.ElementsMatch(t, []Slot{slots[0], letters}, announced)

	s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochsOf(t, offsets[0])}})
	assert.Equal(t, map[Slot][]recordID{letters: {{p0, 0}, {p0, 1}}}, replay(s, always(1)))
	all, announced := s.Done()
	assert.Equal(t, []Slot{letters}, announced)
	heir := NewLane(DefaultLimit, counter(200))
	heir.Gain(all...)
	require.NoError(t, heir.Landed(letters))
	offsets, _ = committed(t, heir)
	assert.Equal(t, []Offset{{Source: p0, Offset: 2}}, offsets)
}

// TestARefusalWithoutARoomMakesTheEpochInexact: what cannot be told apart, or is too
// much, is stored again by a successor.
func TestARefusalWithoutARoomMakesTheEpochInexact(t *testing.T) {
	for _, apart := range []bool{true, false} {
		l := owner(t, p0)
		arrives(l, p0, MostRefused+2, 1)
		_, slots, err := l.Cut()
		require.NoError(t, err)
		refused := []Recorded{{p0, 0}}
		for o := int64(1); apart && o <= MostRefused; o++ {
			refused = append(refused, Recorded{p0, o})
		}
		_, noted, err := l.Refuse(slots[0], refused, apart)
		require.NoError(t, err)
		require.False(t, noted)
		offsets, _ := committed(t, l)
		epochs := epochsOf(t, offsets[0])
		assert.True(t, epochs[0].Inexact)
		assert.Empty(t, epochs[0].Refused)
		s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochs}})
		replay(s, always(1))
		all, announced := s.Done()
		assert.Empty(t, announced)
		assert.True(t, all[0].Again)
	}
}

// TestADividedObjectIsTwoForASuccessorAsWell: the parts of what was cut keep their
// numbers.
func TestADividedObjectIsTwoForASuccessorAsWell(t *testing.T) {
	l := owner(t, p0, p1)
	arrives(l, p0, 4, 1)
	arrives(l, p1, 4, 1)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	committed(t, l)
	_, err = l.Divide(slots[0], []Part{{Source: p0, Cut: 9}})
	require.ErrorContains(t, err, "does not hold that")
	first, err := l.Divide(slots[0], []Part{{Source: p0, Cut: 4}, {Source: p1, Cut: 1}})
	require.NoError(t, err)
	again, err := l.Divide(first, []Part{{Source: p0, Cut: 2}})
	require.NoError(t, err)
	assert.ErrorContains(t, l.Landed(slots[0]), "before its intent (R1)", "it is not what was committed")
	offsets, announced := committed(t, l)
	assert.ElementsMatch(t, []Slot{slots[0], first, again}, announced)

	s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochsOf(t, offsets[0])}})
	assert.Equal(t, map[Slot][]recordID{
		again: {{p0, 0}, {p0, 1}}, first: {{p0, 2}, {p0, 3}, {p1, 0}}, slots[0]: {{p1, 1}, {p1, 2}, {p1, 3}},
	}, replay(s, always(1)))

	assert.Empty(t, l.Lose(p1), "it goes on, but nothing of it changes (R7)")
	_, err = l.Divide(slots[0], []Part{{Source: p1, Cut: 2}})
	require.ErrorIs(t, err, ErrFrozen)
}

// TestLowWaitsForThePipeline: a part of a batch may come when all that came before
// it has landed.
func TestLowWaitsForThePipeline(t *testing.T) {
	l := owner(t, p0)
	for _, end := range []int64{2, 4} {
		l.Read(p0, end, 0)
		require.True(t, l.Arrived(p0, end, map[Target]Sum{1: {Records: 2}}))
	}
	_, slots, err := l.Cut()
	require.NoError(t, err)
	committed(t, l)
	require.NoError(t, l.Landed(slots[0]))
	l.Passed(p0, 4)
	offsets, _ := committed(t, l)
	require.Empty(t, offsets)
	l.Passed(p0, 2)
	offsets, _ = committed(t, l)
	require.Equal(t, []Offset{{Source: p0, Offset: 4}}, offsets)
	l.Passed(p1, 2) // not ours
}
