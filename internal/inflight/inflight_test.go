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
