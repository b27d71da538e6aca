package inflight

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixed is a sink of so much memory.
type fixed struct {
	memory            int64
	flushes, relieves int
}

func (f *fixed) Flush()             { f.flushes++ }
func (f *fixed) Relieve()           { f.relieves++ }
func (f *fixed) MemoryLimit() int64 { return f.memory }
func (f *fixed) Slots() int         { return int(f.memory) / 2 }

func TestBatchesFitIntoTheSlotsOfEverySink(t *testing.T) {
	require.Equal(t, 1000, Slots("s"), "nobody says otherwise")
	defer Join("s", &fixed{memory: 400})()
	defer Join("s", &fixed{memory: 600})()
	require.Equal(t, 200, Slots("s"))
	defer Read("s")()
	defer Read("s")()
	require.Equal(t, 100, Slots("s"))
}

func TestInputsShareTheMemoryOfAllSinks(t *testing.T) {
	require.Zero(t, Share("s"))
	leave, leaveOther := Join("s", &fixed{memory: 100}), Join("s", &fixed{memory: 60})
	require.Equal(t, int64(160), Share("s"))
	done, doneOther := Read("s"), Read("s")
	require.Equal(t, int64(80), Share("s"))
	done()
	done() // once counts
	require.Equal(t, int64(160), Share("s"))
	leave()
	require.Equal(t, int64(60), Share("s"))
	leaveOther()
	doneOther()
	require.Empty(t, streams.all)
	require.Zero(t, Share("s"))
}

func TestEverySinkIsToldUntilItLeaves(t *testing.T) {
	one, other := &fixed{}, &fixed{}
	leave, leaveOther := Join("s", one), Join("s", other)
	defer leaveOther()
	Flush("s")
	Relieve("s")
	leave()
	Flush("s")
	Flush("another")
	require.Equal(t, fixed{flushes: 1, relieves: 1}, *one)
	require.Equal(t, fixed{flushes: 2, relieves: 1}, *other)
}

func TestALeaseStaysWithTheContext(t *testing.T) {
	require.Nil(t, LeaseOf(t.Context()))
	lease, cancel := context.WithCancel(t.Context())
	defer cancel()
	type key struct{}
	ctx := context.WithValue(WithLease(t.Context(), lease), key{}, "of a processor")
	require.Equal(t, lease, LeaseOf(ctx))
	require.Nil(t, LeaseOf(t.Context()))
}

func TestLeasesOfABatch(t *testing.T) {
	first, end := context.WithCancel(t.Context())
	second, endSecond := context.WithCancel(t.Context())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	of := func(leases ...context.Context) Leases {
		return LeasesOf(len(leases), func(i int) context.Context {
			if leases[i] == nil {
				return t.Context()
			}
			return WithLease(t.Context(), leases[i])
		})
	}
	both, loose, late, none := of(first, first, second, over), of(first, nil), of(over, over), of()
	require.Equal(t, []bool{false, false, false, true}, []bool{both.Over(0), both.Over(1), both.Over(2), both.Over(3)})
	require.False(t, loose.Over(0))
	require.True(t, late.Gone())
	require.False(t, none.Gone())
	require.False(t, both.Gone())

	ctx, done := both.Watch(t.Context())
	defer done()
	unwatched, undone := none.Watch(t.Context())
	defer undone()
	require.Equal(t, t.Context(), unwatched)
	end()
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), ErrWithdrawn)
	require.False(t, both.Gone(), "one of its records is still to be stored")
	require.False(t, loose.Gone(), "one may always be stored")
	endSecond()
	require.True(t, both.Gone())
}

// The figures are those of docs/sizing.md and docs/scale.md, and measured: memory is not
// bounded where they are too small.
func TestWhatRecordsAndBatchesCost(t *testing.T) {
	require.Equal(t, 700, RecordOverhead)
	require.Equal(t, 8500, BatchOverhead)
}
