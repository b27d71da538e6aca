package spool

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A few records of a large entry must not keep all of it in memory.
func TestMemoryHoldsEntriesOnlyWhereTheyAreMostlyOneStreams(t *testing.T) {
	small := run{stream: 1, named: true, path: "small", count: 1, data: appendRecord(nil, []byte("a"))}
	large := run{stream: 2, named: true, path: "large", count: 1, data: appendRecord(nil, make([]byte, 100))}
	entry := appendRuns([]byte{entryAppend}, []run{small, large})
	s := newState()
	s.entry = len(entry)
	require.True(t, s.apply(1, entry))
	clear(entry)
	assert.Equal(t, small.data, s.streams[1].cached[0].data, "a copy")
	assert.Equal(t, byte(0), s.streams[2].cached[0].data[0], "the entry itself")
}
