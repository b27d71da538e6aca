package landing

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// met is a numbering whose end is known, and of which numbers up to last were
// handed out.
func met(last int) *numbering {
	n := newNumbering()
	n.raise(0)
	for range last {
		n.take()
	}
	return n
}

func TestWritersThatMeetGoOnWithALaterBlock(t *testing.T) {
	n := met(3)
	n.crowd(3)
	assert.Equal(t, block, n.take())
	assert.Equal(t, block+1, n.take(), "and count on in it")
	blocks := map[int]bool{}
	for range 300 {
		n := met(3)
		n.crowd(3)
		first := n.take()
		n.crowd(first)
		assert.Zero(t, n.next%block)
		assert.Greater(t, n.next, first)
		blocks[n.next] = true
	}
	assert.Len(t, blocks, 4, "drawn from four, when the next one is taken as well")
}

// TestTheNextBlockIsTheFirstThatNobodyHere has had a number of: none is left out
// and none is handed out twice.
func TestTheNextBlockIsTheFirstThatNobodyHere(t *testing.T) {
	for _, c := range []struct{ handedOut, taken, next int }{
		{block - 1, 1, block},
		{block - 1, block - 1, block},
		{block, 1, 2 * block},
		{block, 3 * block, 4 * block},
	} {
		n := met(c.handedOut)
		n.crowd(c.taken)
		assert.Equal(t, c.next, n.next, "%+v", c)
	}
}

// TestAPlainNameShowsWhereTheEndIs, and a unique one does not; what has been
// shown stays.
func TestAPlainNameShowsWhereTheEndIs(t *testing.T) {
	n := newNumbering()
	assert.False(t, n.settled())
	n.landed(false)
	assert.False(t, n.settled())
	n.landed(true)
	assert.True(t, n.settled())
	n.landed(false)
	assert.True(t, n.settled())
}

// TestNobodyIsAScoutWhoHasNotEntered: the turn is that of another.
func TestNobodyIsAScoutWhoHasNotEntered(t *testing.T) {
	n := newNumbering()
	scout, err := n.enter(t.Context())
	require.NoError(t, err)
	require.True(t, scout)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	scout, err = n.enter(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, scout)
}

// TestUploadsUnderWayTellOfOneMeeting: those whose numbers were handed out
// before writers met find them taken as well, and that says nothing new.
func TestUploadsUnderWayTellOfOneMeeting(t *testing.T) {
	n := met(4)
	n.crowd(1)
	next, skip := n.next, n.skip
	for number := 2; number <= 4; number++ {
		n.crowd(number)
	}
	assert.Equal(t, next, n.next)
	assert.Equal(t, skip, n.skip)
}

func TestWritersThatFindRoomDrawFromTheNextBlockAgain(t *testing.T) {
	n := met(3)
	for range 6 {
		n.crowd(n.take())
	}
	require.Equal(t, maxSkip, n.skip)
	last := n.take()
	n.landed(true)
	n.crowd(last)
	assert.Equal(t, (last/block+1)*block, n.next)
}

// TestWritersThatMetDoNotMeetAtTheEnd: all of them see the same end.
func TestWritersThatMetDoNotMeetAtTheEnd(t *testing.T) {
	next := map[int]bool{}
	for range 50 {
		n := met(1)
		n.crowd(1)
		n.raise(100)
		assert.Greater(t, n.next, 100)
		next[n.next] = true
	}
	assert.Greater(t, len(next), 1)
}

// TestNumbersDoubleOnlyWhileTheirEndIsUnknown: a number that is taken beyond the
// end is that of another writer, who is not far ahead.
func TestNumbersDoubleOnlyWhileTheirEndIsUnknown(t *testing.T) {
	n := newNumbering()
	n.jump(10_000)
	assert.GreaterOrEqual(t, n.next, 20_000)
	n = met(10_000)
	n.jump(10_000)
	assert.Equal(t, (10_000/block+1)*block, n.next)
}

// TestWritersThatJumpFromOneNumberKeepApart: by an eighth of the way, and by
// eight numbers where that is next to nothing.
func TestWritersThatJumpFromOneNumberKeepApart(t *testing.T) {
	for number, spread := range map[int]int{1: 8, 400: 108} {
		reached := map[int]bool{}
		for range 4000 {
			n := newNumbering()
			n.jump(number)
			reached[n.next] = true
			require.GreaterOrEqual(t, n.next, 2*number)
			require.Less(t, n.next, 2*number+spread)
		}
		assert.Len(t, reached, spread, "all of them")
	}
	n := newNumbering()
	for range 50 {
		n.take()
	}
	n.jump(1)
	assert.Equal(t, 51, n.next, "never back to what was handed out")
}
