package spool

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What a large object needed is not kept for small ones, and what is kept holds no
// records.
func TestReleasedListsAreSmallAndEmpty(t *testing.T) {
	large := Batch{Records: make([][]byte, 3, 1<<20)}
	large.Release()
	for range 100 { // as many as one of them may be among
		assert.Less(t, cap(batches.Get().(*Batch).Records), 1<<20)
	}

	all := [][]byte{[]byte("a"), []byte("b"), []byte("c")}
	b := Batch{Records: all, Hints: make([]uint32, 3), Ends: []uint64{1, 2, 3}}
	b.readUpTo(1)
	assert.Len(t, b.Records, 1)
	b.Release()
	assert.Equal(t, make([][]byte, 3), all, "also those that were left to the next object")
	assert.True(t, Reusable(20_000, 20_000), "of an object as large as the one before")
}
