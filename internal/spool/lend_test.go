package spool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// crowd appends so many records of a path, one by one, and returns how many bytes were in
// the cache at once.
func crowd(t *testing.T, s *spool.Spool, path string, n int) (most int64) {
	for i := range n {
		appended(t, s, of(path, line(1000+i)))
		most = max(most, s.Stats().Cached)
	}
	return most
}

func roomy(t *testing.T, w *world) (*spool.Spool, spool.Options) {
	o := w.options()
	o.Memory, o.SegmentSize, o.MaxSize = 100<<10, 8<<20, 64<<20
	s, err := spool.Open(w.disk, dir, o)
	require.NoError(t, err)
	return s, o
}

// What is lent and leaves the cache makes no room in it.
func TestLentRecordsThatAreSpilledMakeNoRoom(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s, o := roomy(t, w)
	crowd(t, s, "a", 350) // about 90 kB
	b, err := s.Read(1, 0, 1<<30, 0)
	require.NoError(t, err)
	s.Lend(&b)
	assert.Greater(t, crowd(t, s, "a", 300), o.Memory, "there is room beside what is lent")
	crowd(t, s, "a", 500)
	require.Positive(t, s.Stats().Spill)
	assert.LessOrEqual(t, crowd(t, s, "a", 1500), o.Memory+1000)
	b.Release()
	assert.LessOrEqual(t, crowd(t, s, "a", 1500), o.Memory+1000)
	require.NoError(t, s.Close())
}

// Records that came together are in memory once, however many batches are read of them.
func TestMemoryIsLentOnce(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s, o := roomy(t, w)
	all := make([]string, 200)
	for i := range all {
		all[i] = line(i)
	}
	appended(t, s, of("a", all...))
	lent := s.Stats().Cached
	var batches []spool.Batch
	for i := range uint64(9) { // objects of ten records
		b, err := s.Read(1, 10*i, 1<<20, 10)
		require.NoError(t, err)
		s.Lend(&b)
		batches = append(batches, b)
	}
	most := crowd(t, s, "b", 1000)
	assert.LessOrEqual(t, most, o.Memory+lent+1000)
	for i := range batches {
		batches[i].Release()
	}
	assert.LessOrEqual(t, crowd(t, s, "b", 1000), o.Memory+1000, "nothing is lent any more")
	require.NoError(t, s.Close())
}

// A call that ends while it makes room is no failure of the disk.
func TestACallThatEndsIsNoFailureOfTheDisk(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	ctx, cancel := context.WithCancel(t.Context())
	o := w.options()
	var failed []error
	o.Failed = func(err error) { failed = append(failed, err) }
	s, err := spool.Open(&during{FS: w.disk, part: "/spill/", do: cancel}, dir, o)
	require.NoError(t, err)
	for i := 0; i < 100 && ctx.Err() == nil; i++ {
		_ = s.Append(ctx, []spool.Record{{Path: "a", Data: []byte(line(i))}})
	}
	require.Error(t, ctx.Err(), "something was spilled")
	assert.Empty(t, failed)
	require.NoError(t, s.Close())
}
