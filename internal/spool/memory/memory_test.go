package memory

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A block has room for what was asked for, and wastes at most an eighth of that.
func TestABlockHasWhatWasAskedFor(t *testing.T) {
	sizes := []int{0, 1, 100, 1 << smallest, 1<<smallest + 1, 1<<largest + 1}
	for range 50 {
		sizes = append(sizes, 1<<smallest+rand.IntN(1<<18))
	}
	for _, size := range sizes {
		b := Get(size)
		require.GreaterOrEqual(t, len(b.Bytes()), size)
		require.LessOrEqual(t, len(b.Bytes()), size+size/8+1, "of %d", size)
		again := Get(size)
		if size > 0 {
			b.Bytes()[0], again.Bytes()[0] = 1, 2
			require.EqualValues(t, 1, b.Bytes()[0], "each has memory of its own")
		}
		b.Release()
		again.Release()
	}
}

// Only the last one who gives a block back lets it be used again.
func TestABlockIsUsedAgainWhenNobodyHoldsIt(t *testing.T) {
	const size = 1<<20 + 7
	b := Get(size)
	assert.Same(t, b, b.Hold())
	b.Release()
	seen := func() bool {
		for range 100 { // the race detector drops some
			other := Get(size)
			if other == b {
				return true
			}
			other.Release()
		}
		return false
	}
	assert.False(t, seen(), "it is still held")
	used := false
	for range 100 {
		c := Get(size)
		c.Release()
		if d := Get(size); d == c {
			used = true
		}
	}
	assert.True(t, used)
}

// To give back too often would let two have the same memory.
func TestABlockIsNotGivenBackTwice(t *testing.T) {
	b := Get(1) // nobody else gets it
	b.Release()
	assert.Panics(t, b.Release)
	assert.Panics(t, func() { b.Hold() })
	var none *Block
	none.Hold().Release()
}

// Who holds a block is alone with others who hold it.
func TestNobodyWritesToABlockThatIsHeld(t *testing.T) {
	var all sync.WaitGroup
	for g := range byte(8) {
		all.Go(func() {
			for range 200 {
				b := Get(1000 + rand.IntN(3))
				bytes := b.Bytes()
				bytes[0], bytes[len(bytes)-1] = g, g
				b.Hold()
				b.Release()
				if bytes[0] != g || bytes[len(bytes)-1] != g {
					t.Error("somebody else has written to it")
				}
				b.Release()
			}
		})
	}
	all.Wait()
}
