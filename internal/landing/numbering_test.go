package landing

import (
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
	for range 50 {
		n := met(3)
		n.crowd(3)
		first := n.take()
		n.crowd(first)
		assert.Zero(t, n.next%block)
		assert.Greater(t, n.next, first)
		blocks[n.next] = true
	}
	assert.Greater(t, len(blocks), 1, "drawn from several, when the next one is taken as well")
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
	assert.LessOrEqual(t, n.next, 10_000+block)
}
