package exactly

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var p0, p1, p2 = Source{"events", 0}, Source{"events", 1}, Source{"events", 2}

// counter makes ids that follow a first one.
func counter(n byte) Stamp {
	return func() (EpochID, time.Time) {
		n++
		return EpochID{n}, time.UnixMilli(int64(n))
	}
}

// owner has a lane of new sources.
func owner(t *testing.T, sources ...Source) *Lane {
	t.Helper()
	l := NewLane(DefaultLimit, counter(0))
	fetched := make([]Fetched, 0, len(sources))
	for _, s := range sources {
		fetched = append(fetched, Fetched{Source: s, Print: 7, End: far})
	}
	all, announced := NewTakeover(counter(0), fetched).Done()
	require.Empty(t, announced)
	l.Gain(all...)
	return l
}

// arrives reads and delivers records of a target, from the front of a source to
// end.
func arrives(l *Lane, s Source, end int64, target Target) {
	sums := map[Target]Sum{}
	for o := l.Front(s); o < end; o++ {
		sums[target] = sums[target].Add(sumOf(recordID{s, o}, target))
	}
	l.Read(s, end, 0)
	l.Arrived(s, end, sums)
	l.Passed(s, end)
}

// committed has everything committed, and returns what was sent.
func committed(t *testing.T, l *Lane) ([]Offset, []Slot) {
	t.Helper()
	offsets, err := l.Commit()
	require.NoError(t, err)
	return offsets, l.Committed()
}

func epochsOf(t *testing.T, o Offset) []Epoch {
	t.Helper()
	epochs, err := Decode(o.Topic, o.Metadata)
	require.NoError(t, err)
	return epochs
}

func TestAnEpochIsCutBelowWhatHasNotArrived(t *testing.T) {
	l := owner(t, p0)
	l.Read(p0, 5, 0)
	l.Read(p0, 9, 0)
	assert.True(t, l.Arrived(p0, 9, map[Target]Sum{1: {Records: 4}}))
	e, _, err := l.Cut()
	require.NoError(t, err)
	assert.Nil(t, e, "the first five are still on their way")
	assert.True(t, l.Arrived(p0, 5, nil))
	assert.EqualValues(t, 9, l.Front(p0))
	e, slots, err := l.Cut()
	require.NoError(t, err)
	assert.EqualValues(t, 9, e.Lane[0].End)
	assert.Equal(t, []Slot{{e.ID, 1, 0}}, slots)
	assert.False(t, l.Arrived(p0, 5, nil), "twice")
	assert.False(t, l.Arrived(p1, 5, nil), "not ours")
}

func TestWhatIsFilteredNeedsNoObjectAndNoIntent(t *testing.T) {
	l := owner(t, p0)
	arrives(l, p0, 0, 0)
	l.Read(p0, 9, 0)
	l.Arrived(p0, 9, nil)
	l.Passed(p0, 9)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	assert.Empty(t, slots)
	offsets, _ := committed(t, l)
	assert.Equal(t, []Offset{{Source: p0, Offset: 9}}, offsets)
}

// TestLowPassesWhatHasLandedAndNothingElse: R8 and R9.
func TestLowPassesWhatHasLandedAndNothingElse(t *testing.T) {
	l := owner(t, p0)
	arrives(l, p0, 5, 1)
	_, first, err := l.Cut()
	require.NoError(t, err)
	assert.ErrorContains(t, l.Landed(first[0]), "before its intent (R1)")
	arrives(l, p0, 8, 1)
	_, second, err := l.Cut()
	require.NoError(t, err)
	_, announced := committed(t, l)
	assert.Equal(t, []Slot{first[0], second[0]}, announced)

	arrives(l, p0, 9, 1)
	_, _, err = l.Cut()
	require.ErrorIs(t, err, ErrNoRoom, "two epochs are pending")
	_, err = l.Seal(1, []Part{{p0, 9, Sum{Records: 1}}})
	require.ErrorIs(t, err, ErrNoRoom)

	require.NoError(t, l.Landed(second[0]))
	offsets, _ := committed(t, l)
	assert.Empty(t, offsets, "the first one has not landed")
	require.NoError(t, l.Landed(first[0]))
	offsets, _ = committed(t, l)
	assert.Equal(t, []Offset{{Source: p0, Offset: 8}}, offsets)
	e, _, err := l.Cut()
	require.NoError(t, err)
	assert.EqualValues(t, 8, e.Lane[0].Start)
}

// TestOneCommitIsUnderWayAtATime: R6.
func TestOneCommitIsUnderWayAtATime(t *testing.T) {
	l := owner(t, p0, p1)
	arrives(l, p0, 5, 1)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	first, err := l.Commit()
	require.NoError(t, err)
	assert.Len(t, first, 1)
	arrives(l, p1, 5, 1)
	_, more, err := l.Cut()
	require.NoError(t, err)
	none, err := l.Commit()
	require.NoError(t, err)
	assert.Empty(t, none)
	assert.Equal(t, slots, l.Committed(), "what was cut since is not announced")
	second, announced := committed(t, l)
	assert.Len(t, second, 1)
	assert.Equal(t, more, announced)
}

func TestARefusedCommitIsSentAnew(t *testing.T) {
	l := owner(t, p0)
	arrives(l, p0, 5, 1)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	first, err := l.Commit()
	require.NoError(t, err)
	l.Refused()
	again, announced := committed(t, l)
	assert.Equal(t, first, again)
	assert.Equal(t, slots, announced)
}

// TestWhatWasRefusedIsNotAnnounced: when p0 goes then, nobody knows of the second
// epoch, while the first one goes on.
func TestWhatWasRefusedIsNotAnnounced(t *testing.T) {
	l := owner(t, p0, p1, p2)
	arrives(l, p0, 2, 1)
	arrives(l, p2, 2, 1)
	_, _, err := l.Cut()
	require.NoError(t, err)
	committed(t, l)
	arrives(l, p0, 4, 1)
	arrives(l, p1, 2, 1)
	_, _, err = l.Cut()
	require.NoError(t, err)
	_, err = l.Commit()
	require.NoError(t, err)
	l.Refused()
	assert.Equal(t, []Source{p1}, l.Lose(p0))
}

func TestEarlyObjectsDivideATarget(t *testing.T) {
	l := owner(t, p0, p1)
	arrives(l, p0, 6, 1)
	arrives(l, p1, 4, 1)
	sum := Sum{}
	for o := range int64(3) {
		sum = sum.Add(sumOf(recordID{p0, o}, 1))
	}
	_, err := l.Seal(1, []Part{{p0, 7, sum}})
	require.ErrorContains(t, err, "offset 7 of events/0")
	slot, err := l.Seal(1, []Part{{p0, 3, sum}})
	require.NoError(t, err)
	_, err = l.Seal(1, []Part{{p0, 2, Sum{}}})
	require.ErrorContains(t, err, "offset 2 of events/0", "an earlier object has that")
	l.Gain(&Resumed{Source: p2, Print: 7})
	arrives(l, p2, 2, 1)
	_, err = l.Seal(1, []Part{{p2, 2, Sum{Records: 2}}})
	require.ErrorIs(t, err, ErrFrozen, "what came later is not in it")
	offsets, announced := committed(t, l)
	assert.Len(t, offsets, 2)
	assert.Equal(t, []Slot{slot}, announced)
	open := epochsOf(t, offsets[1])
	require.Len(t, open, 1)
	assert.False(t, open[0].Closed)
	assert.Equal(t, []Early{{1, []int64{3, 0}}}, open[0].Early)
	assert.Equal(t, sum.Digest, open[0].Digest)

	e, slots, err := l.Cut()
	require.NoError(t, err)
	assert.Equal(t, slot.Epoch, e.ID)
	assert.Len(t, e.Lane, 2)
	assert.Equal(t, []Slot{{e.ID, 1, 0}}, slots)
	assert.Equal(t, 1, slot.J)
	for _, s := range []recordID{{p0, 3}, {p0, 4}, {p0, 5}, {p1, 0}, {p1, 1}, {p1, 2}, {p1, 3}} {
		sum = sum.Add(sumOf(s, 1))
	}
	assert.Equal(t, sum.Digest, e.Digest)
}

// TestMetadataNeverExceedsItsLimit: R4. Whatever was sealed can be closed, and a
// successor that finds it open can add to it; of one and of many sources.
func TestMetadataNeverExceedsItsLimit(t *testing.T) {
	for _, n := range []int32{1, 24} {
		for limit := 600; limit < 640; limit += 1 + int(n)/4 {
			l := owner(t)
			l.limit = limit
			for id := range n {
				l.Gain(&Resumed{Source: Source{"events", id}, Print: 7})
			}
			sealed := full(t, l)
			assert.Positive(t, sealed)

			offsets, _ := committed(t, l)
			assert.LessOrEqual(t, len(offsets[0].Metadata), limit)
			s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochsOf(t, offsets[0])}})
			replay(s, always(1))
			all, _ := s.Done()
			require.False(t, all[0].Again)
			successor := NewLane(limit, counter(200))
			successor.Gain(all...)
			committed(t, successor)

			for id := range n {
				l.Read(Source{"events", id}, far, 0)
				l.Arrived(Source{"events", id}, far, map[Target]Sum{1: {Records: 1}})
			}
			_, _, err := l.Cut()
			require.NoError(t, err)
			offsets, _ = committed(t, l)
			assert.LessOrEqual(t, len(offsets[0].Metadata), limit)
		}
	}
}

// full seals objects of a record each until there is no room.
func full(t *testing.T, l *Lane) (sealed int64) {
	t.Helper()
	for {
		arrives(l, p0, sealed+1, 1)
		_, err := l.Seal(1, []Part{{p0, sealed + 1, sumOf(recordID{p0, sealed}, 1)}})
		if err != nil {
			require.ErrorIs(t, err, ErrNoRoom)
			return sealed
		}
		sealed++
	}
}

// TestWhatIsTornIsTakenOverAnew: an epoch that no commit has, of p0 and p1, and
// another one of p1 and p2. When p0 goes, p1 has to begin anew, hence p2.
func TestWhatIsTornIsTakenOverAnew(t *testing.T) {
	l := owner(t, p0, p1, p2)
	arrives(l, p0, 2, 1)
	arrives(l, p1, 2, 1)
	_, _, err := l.Cut()
	require.NoError(t, err)
	arrives(l, p1, 4, 1)
	arrives(l, p2, 4, 1)
	_, _, err = l.Cut()
	require.NoError(t, err)
	assert.Equal(t, []Source{p1, p2}, l.Lose(p0))
	offsets, err := l.Commit()
	require.NoError(t, err)
	assert.Empty(t, offsets)
}

func TestWhatIsAnnouncedGoesOn(t *testing.T) {
	l := owner(t, p0, p1)
	arrives(l, p0, 2, 1)
	arrives(l, p1, 2, 1)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	committed(t, l)
	arrives(l, p1, 4, 1)
	assert.Empty(t, l.Lose(p0))
	require.NoError(t, l.Landed(slots[0]))
	offsets, _ := committed(t, l)
	assert.Equal(t, []Offset{{Source: p1, Offset: 2}}, offsets)
}

func TestALaneWithACommitUnderWayBeginsAnew(t *testing.T) {
	l := owner(t, p0, p1, p2)
	arrives(l, p0, 2, 1)
	_, _, err := l.Cut()
	require.NoError(t, err)
	_, err = l.Commit()
	require.NoError(t, err)
	assert.Equal(t, []Source{p0, p2}, l.Lose(p1))
}
