package landing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// TestForgottenNamesAreRememberedForAWhile: a name of the older half is still
// known, and moves to the younger one.
func TestForgottenNamesAreRememberedForAWhile(t *testing.T) {
	s := newNames()
	first := s.of(chunk.Data, "first")
	other := func(from, n int) {
		for i := range n {
			s.of(chunk.Data, fmt.Sprint(from+i))
		}
	}
	other(0, maxNames)
	assert.Len(t, s.older, maxNames)
	assert.Same(t, first, s.of(chunk.Data, "first"), "known after as many others")
	assert.NotSame(t, first, s.of(chunk.DeadLetter, "first"), "dead letters are counted by themselves")
	other(maxNames, maxNames-2)
	assert.Same(t, first, s.of(chunk.Data, "first"))
	other(2*maxNames, 2*maxNames)
	assert.NotSame(t, first, s.of(chunk.Data, "first"), "the memory has an end")
}

// TestNamesTakeTheSameMemoryWhateverTheirLength: only a hash is kept.
func TestNamesTakeTheSameMemoryWhateverTheirLength(t *testing.T) {
	s := newNames()
	long := strings.Repeat("k", 900)
	allocated := testing.AllocsPerRun(10, func() { s.of(chunk.Data, long+fmt.Sprint(len(s.recent))) })
	assert.Less(t, allocated, 8.0)
	for key := range s.recent {
		assert.IsType(t, uint64(0), key)
	}
}
