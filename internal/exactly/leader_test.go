package exactly

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALeaderIsKnownOrNot(t *testing.T) {
	for _, epoch := range []int32{-1, 0, 1, math.MaxInt32} {
		assert.Equal(t, epoch, LeaderOf(epoch).Epoch())
		assert.Equal(t, epoch == -1, LeaderOf(epoch) == 0)
	}
	assert.Zero(t, LeaderOf(-7))
}

// under reads and delivers records of a target that a leader has written.
func under(l *Lane, s Source, end int64, target Target, leader Leader) {
	sums := map[Target]Sum{}
	for o := l.Front(s); o < end; o++ {
		sums[target] = sums[target].Add(sumOf(recordID{s, o}, target))
	}
	l.Read(s, end, leader)
	l.Arrived(s, end, sums)
	l.Passed(s, end)
}

// TestCommitsSayWhichLeaderWroteTheLastRecord, of what is announced and of what is
// stored.
func TestCommitsSayWhichLeaderWroteTheLastRecord(t *testing.T) {
	l := owner(t, p0, p1)
	under(l, p0, 5, 1, 3)
	under(l, p0, 9, 1, 4)
	under(l, p1, 2, 1, 8)
	_, err := l.Seal(1, []Part{{p0, 9, sumFrom(p0, 0, 9)}, {p1, 0, Sum{}}})
	require.NoError(t, err)
	offsets, announced := committed(t, l)
	assert.Equal(t, []Leader{4, 8}, leaders(epochsOf(t, offsets[0])[0]))
	under(l, p0, 10, 1, 6)
	e, slots, err := l.Cut()
	require.NoError(t, err)
	assert.Equal(t, []Leader{6, 8}, leaders(*e))
	offsets, _ = committed(t, l)
	assert.Equal(t, []Leader{0, 0}, []Leader{offsets[0].Leader, offsets[1].Leader}, "nothing is stored yet")
	for _, s := range append(slots, announced...) {
		require.NoError(t, l.Landed(s))
	}
	offsets, _ = committed(t, l)
	assert.Equal(t, []Offset{{Source: p0, Offset: 10, Leader: 6}, {Source: p1, Offset: 2, Leader: 8}}, offsets)
}

func sumFrom(s Source, from, end int64) (sum Sum) {
	for o := from; o < end; o++ {
		sum = sum.Add(sumOf(recordID{s, o}, 1))
	}
	return sum
}

func leaders(e Epoch) (all []Leader) {
	for _, m := range e.Lane {
		all = append(all, m.Leader)
	}
	return all
}

// TestASuccessorKeepsTheLeaders, of what is committed and of what was announced, also
// in the epoch of what early objects leave.
func TestASuccessorKeepsTheLeaders(t *testing.T) {
	epochs := left(t)
	for i := range epochs[0].Lane {
		epochs[0].Lane[i].Leader = 5
	}
	s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochs, Leader: 2}})
	objects := replay(s, always(1))
	all, _ := s.Done()
	l := NewLane(DefaultLimit, counter(100))
	l.Gain(all...)
	offsets, _ := committed(t, l)
	assert.EqualValues(t, 2, offsets[0].Leader)
	taken := epochsOf(t, offsets[0])
	require.Len(t, taken, 2)
	assert.Equal(t, []Leader{5}, leaders(taken[1]), "what is left")
	for slot := range objects {
		require.NoError(t, l.Landed(slot))
	}
	under(l, p0, 4, 1, 0)
	_, slots, err := l.Cut()
	require.NoError(t, err)
	offsets, _ = committed(t, l)
	assert.EqualValues(t, 5, offsets[0].Leader)
	require.NoError(t, l.Landed(slots[0]))
	offsets, _ = committed(t, l)
	assert.Equal(t, []Offset{{Source: p0, Offset: 4, Leader: 5}}, offsets, "a leader that is not known changes nothing")
}

// TestALogThatWasCutAndGrew: its end tells nothing, but the leaders do.
func TestALogThatWasCutAndGrew(t *testing.T) {
	for name, c := range map[string]struct {
		logs         Histories
		again, below bool
		reach        int64
	}{
		"nothing is known":                       {Histories{}, false, false, 3},
		"the brokers do not know":                {Histories{{p0, 5}: -1, {p1, 5}: -1, {p0, 2}: -1}, false, false, 3},
		"nothing was lost":                       {Histories{{p0, 5}: 3, {p1, 5}: 2, {p0, 2}: 1}, false, false, 3},
		"an announced record was lost":           {Histories{{p0, 5}: 2}, true, false, 2},
		"one of somebody else's":                 {Histories{{p1, 5}: 1}, true, false, 3},
		"all that was announced":                 {Histories{{p0, 5}: 1, {p0, 2}: 1}, true, false, 1},
		"what is stored":                         {Histories{{p0, 5}: 0, {p0, 2}: 0}, true, true, 1},
		"another leader than that of the epochs": {Histories{{p0, 4}: 0}, false, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			epochs := left(t)
			for i := range epochs[0].Lane {
				epochs[0].Lane[i].Leader = 5
			}
			f := Fetched{Source: p0, Print: 7, End: far, Epochs: epochs, Low: 1, Leader: 2}
			asked := Histories{}
			f.Histories(asked)
			require.Equal(t, Histories{{p0, 2}: -1, {p0, 5}: -1, {p1, 5}: -1}, asked)
			cut, below := f.Cut(c.logs)
			require.Equal(t, c.below, below)
			if below {
				require.Zero(t, cut)
			}
			s := NewTakeover(counter(100), []Fetched{f})
			replay(s, always(1))
			require.Equal(t, c.reach, s.Positions()[p0].Offset)
			all, announced := s.Done()
			assert.Equal(t, c.again, all[0].Again)
			assert.Equal(t, c.again, len(announced) == 0)
		})
	}
	none := Fetched{Source: p0}
	asked := Histories{}
	none.Histories(asked)
	assert.Empty(t, asked, "of a leader that is not known")
}

// TestALeaderIsNamedOnlyWhereItsLogReaches: of one whose history is not known, or ends
// below the position, the brokers would say that records are lost, each time anew.
func TestALeaderIsNamedOnlyWhereItsLogReaches(t *testing.T) {
	logs := Histories{{p0, 2}: 10, {p0, 3}: -1}
	for p, want := range map[Position]Leader{{9, 2}: 2, {10, 2}: 2, {11, 2}: 0, {10, 3}: 0, {10, 4}: 0, {10, 0}: 0} {
		assert.Equal(t, want, logs.Upto(p0, p), "%+v", p)
	}
	assert.Zero(t, logs.Upto(p1, Position{9, 2}))
}

// TestWhatAnOlderVersionAnnouncedHasRoom, also with what is left beside it: there was
// room for that without leaders. That of the last record is not known then, although
// that of the committed one may be.
func TestWhatAnOlderVersionAnnouncedHasRoom(t *testing.T) {
	take := func() []*Resumed {
		s := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: left(t), Leader: 2}})
		replay(s, always(1))
		assert.Equal(t, Position{3, 0}, s.Positions()[p0])
		all, _ := s.Done()
		return all
	}
	l := NewLane(DefaultLimit, counter(100))
	l.Gain(take()...)
	offsets, _ := committed(t, l)
	epochs := epochsOf(t, offsets[0])
	require.Len(t, epochs, 2)
	assert.Equal(t, []Leader{0}, leaders(epochs[1]), "what is left")
	epochs[1].Lane[0].Leader = 2
	longer, err := Encode(p0.Topic, epochs, DefaultLimit)
	require.NoError(t, err)
	l = NewLane(len(longer)-1, counter(100))
	l.Gain(take()...)
	_, err = l.Commit()
	require.NoError(t, err)
	under(l, p0, 4, 1, 0)
	l.limit = DefaultLimit
	l.Refused()
	e, _, err := l.Cut()
	require.NoError(t, err)
	assert.Equal(t, []Leader{0}, leaders(*e))
}
