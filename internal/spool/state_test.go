package spool

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
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

// A record is remembered as often as it was made durable, however often the journal
// says so: a damaged segment is read beside one that took its place.
func TestAMarkCountsOnceForEachRecord(t *testing.T) {
	marks := redelivery.NewMemory(0)
	marks.Add(redelivery.Mark{Offset: 1})
	entry := marks.Append(appendRuns([]byte{entryAppend}, []run{{stream: 1, named: true, path: "a", count: 1, data: []byte{1, 'x'}}}))
	s := newState()
	for range 2 {
		require.True(t, s.apply(1, entry))
		assert.Equal(t, 1, s.marks.Len())
	}
	point := s.checkpoint()
	for range 2 { // each segment begins with it twice
		require.True(t, s.apply(2, point))
		assert.Equal(t, 1, s.marks.Len())
	}
}

// Shapes belong to the records that they were announced with, also when the entry of
// others was passed over.
func TestShapesAreThoseOfTheirRecords(t *testing.T) {
	s := &stream{}
	for first := range uint64(4) {
		s.announce(first, []Shape{{Hint: uint32(first)}})
	}
	assert.Equal(t, []Shape{{Hint: 1}}, s.arrived(1))
	assert.Nil(t, s.arrived(1))
	assert.Equal(t, []Shape{{Hint: 3}}, s.arrived(3))
	assert.Empty(t, s.coming)
}
