package deflate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestLargePagesLeaveNoMemoryBehind: tokens of a block are as many as there may be, however
// large the page is, and the page is its owner's.
func TestLargePagesLeaveNoMemoryBehind(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	page := make([]byte, 1<<20)
	for i := range page {
		page[i] = byte(r.Uint32())
	}
	e := New(LeastLevel)
	e.Append(nil, page)
	assert.Less(t, cap(e.list), 2*mostTokens)
	assert.Nil(t, e.src)
}
