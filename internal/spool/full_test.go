package spool_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

func TestAFullSpoolWaitsUntilSomethingLands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		opts := w.options()
		opts.MaxSize, opts.Reserve, opts.Memory, opts.Pause = 100_000, 1_000, 15_000, nil
		s, err := spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		text := strings.Repeat("x", 1000)
		taken := 0
		for err == nil {
			if err = s.Append(ctx, of("a", text)); err == nil {
				taken++
			}
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		st := s.Stats()
		assert.Greater(t, taken, 10)
		assert.LessOrEqual(t, st.Journal+st.Spill+st.Outbox, int64(99_000))

		done := make(chan error)
		go func() { done <- s.Append(context.Background(), of("a", "waits")) }()
		synctest.Wait()
		sealAll(t, s)
		landAll(t, s)
		require.NoError(t, <-done)
		assert.Equal(t, map[string]string{"a": "waits"}, texts(t, s))
		require.NoError(t, s.Close())
	})
}

// unspillable is a disk that takes no spill files.
type unspillable struct{ disk.FS }

func (u unspillable) Create(name string) (disk.File, error) {
	if strings.Contains(name, "/spill/") {
		return nil, syscall.EIO
	}
	return u.FS.Create(name)
}

func TestMemoryIsBoundedWhenNothingCanBeSpilled(t *testing.T) {
	w := newWorld(t, nil, 1)
	failures := 0
	opts := w.options()
	opts.Failed = func(err error) {
		require.ErrorIs(t, err, syscall.EIO)
		failures++
	}
	opts.Pause = func(context.Context, int) error { return context.DeadlineExceeded }
	s, err := spool.Open(unspillable{crashdisk.New(1)}, dir, opts)
	require.NoError(t, err)
	for err == nil {
		err = s.Append(t.Context(), of("a", strings.Repeat("x", 100)))
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, s.Stats().Cached, 3*opts.Memory)
	assert.Positive(t, failures)
}

func TestCloseEndsTheWaitForADiskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		opts := w.options()
		opts.Pause = nil
		s, err := spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		w.disk.Limit(1)
		done := make(chan error)
		go func() { done <- s.Append(context.Background(), of("a", "1")) }()
		synctest.Wait()
		require.Error(t, s.Close())
		require.ErrorIs(t, <-done, spool.ErrClosed)
	})
}

func TestAFullDiskIsDrainedWithTheReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		opts := w.options()
		opts.Reserve, opts.Pause, opts.Memory = 60_000, nil, 1<<20
		w.disk.Limit(150_000)
		s, err := spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		taken := ""
		for i := 0; err == nil; i++ {
			text := fmt.Sprintf("%0500d", i)
			if err = s.Append(ctx, of("a", text)); err == nil {
				taken += " " + text
			}
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.True(t, s.Stats().Full)
		assert.Equal(t, taken[1:], texts(t, s)["a"], "nothing was dropped")

		b, err := s.Read(1, 0, 10_000, 0)
		for len(b.Records) > 0 {
			require.NoError(t, err)
			n, err := s.Seal(t.Context(), b.Range, nil, strings.NewReader(strings.Repeat("x", 3000)), nil)
			require.NoError(t, err)
			require.NoError(t, s.Landed(t.Context(), n))
			b, _ = s.Read(1, 0, 10_000, 0)
		}
		require.NoError(t, s.Append(t.Context(), of("a", "again")))
		assert.False(t, s.Stats().Full)
		require.NoError(t, s.Close())
	})
}
