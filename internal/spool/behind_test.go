package spool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// An object may be made of records behind those of which one is being made: what is
// told of them is what is told when the first one is sealed, wherever they are.
func TestWhatIsBehindAnObjectIsWhatIsLeftWhenItIsSealed(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	opts := w.options()
	began := time.UnixMilli(1_700_000_000_000).UTC()
	now := began
	opts.Memory, opts.Now = 4500, func() time.Time { return now }
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	for i := range 12 {
		now = began.Add(time.Duration(i) * time.Second)
		r := spool.Record{Path: "a"}
		for k := range 3 { // three records a second
			at := len(r.Data)
			r.Data = append(spool.Begin(r.Data), line(3*i+k)...)
			r.Shapes = append(r.Shapes, spool.Shape{Size: spool.End(r.Data, at)})
		}
		r.Count = 3
		appended(t, s, []spool.Record{r})
	}
	require.Positive(t, s.Stats().Spill, "some are on disk")
	require.Positive(t, s.Stats().Cached, "and some in memory")
	all, ok := s.Stream(1)
	require.True(t, ok)
	whole, ok := s.Behind(1, 0)
	require.True(t, ok)
	assert.Equal(t, all, whole)
	for n := all.First + 1; n < all.First+all.Records; n++ {
		behind, ok := s.Behind(1, n)
		require.True(t, ok)
		ahead, err := s.Read(1, n, 1<<20, 0)
		require.NoError(t, err)
		assert.Equal(t, spool.Range{Stream: 1, First: n, End: all.First + all.Records}, ahead.Range)
		require.Len(t, ahead.Records, int(behind.Records))
		assert.Equal(t, line(int(n-all.First)), string(ahead.Records[0]))
		ahead.Release()

		b, err := s.Read(1, 0, 1<<20, 1)
		require.NoError(t, err)
		_, err = s.Seal(t.Context(), b.Range, nil, nil, nil)
		require.NoError(t, err)
		left, ok := s.Stream(1)
		require.True(t, ok)
		assert.LessOrEqual(t, behind.Bytes, left.Bytes, "which counts a part whole of which some is sealed")
		assert.InDelta(t, float64(all.Bytes)*float64(behind.Records)/float64(all.Records), behind.Bytes, 100)
		behind.Bytes = left.Bytes
		require.Equal(t, left, behind)
		again, ok := s.Behind(1, n-1)
		require.True(t, ok)
		assert.Equal(t, n, again.First, "what is sealed is not told again")
	}
	_, ok = s.Behind(1, all.First+all.Records)
	assert.False(t, ok)
	_, ok = s.Behind(2, 0)
	assert.False(t, ok)

	require.NoError(t, s.Close())
}

// Memory of records of which an object is being made counts with that object, and makes
// room for others: they are not spilled for it, until the batch is released.
func TestMemoryThatIsLentIsRoomForOthers(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	opts := w.options()
	opts.Memory, opts.SegmentSize = 10_000, 1<<20
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	fill(t, s, "a", 20)
	full := s.Stats().Cached
	require.Greater(t, 2*full, opts.Memory, "what is there twice is too much")
	require.Less(t, full, opts.Memory)
	pressed := func() bool { return s.Pressed(opts.Memory-full, []uint64{1}) }
	assert.False(t, pressed())

	b, err := s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	s.Lend(&b)
	fill(t, s, "a", 20)
	assert.Zero(t, s.Stats().Spill)
	assert.Equal(t, 2*full, s.Stats().Cached, "all is told of that is in memory")
	assert.False(t, pressed())
	b.Release()
	assert.True(t, pressed())
	fill(t, s, "a", 1)
	assert.Positive(t, s.Stats().Spill)

	b, err = s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	s.Lend(&b)
	_, err = s.Seal(t.Context(), b.Range, nil, nil, nil)
	require.NoError(t, err)
	b.Release()
	b.Release()
	fill(t, s, "a", 20)
	assert.False(t, pressed(), "what was lent is given back once")
	fill(t, s, "a", 1)
	assert.True(t, pressed())
	require.NoError(t, s.Close())
}
