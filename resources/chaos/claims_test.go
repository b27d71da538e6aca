package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// claimer is a process that logged these partitions, as the kafka input does.
func claimer(t *testing.T, name string) (*consumer, func(partitions ...int)) {
	t.Helper()
	c := &consumer{name: name, log: filepath.Join(t.TempDir(), name+".log")}
	return c, func(partitions ...int) {
		f, err := os.OpenFile(c.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		defer func() { _ = f.Close() }()
		for _, p := range partitions {
			for _, what := range []string{"Consuming", "Stopped consuming"} {
				_, err = fmt.Fprintf(f, `level=debug msg="%s messages from topic 'events' partition '%d'" path=root.input`+"\n", what, p)
				require.NoError(t, err)
			}
		}
	}
}

func TestCheckerCountsClaimsOfABreach(t *testing.T) {
	a, claimsA := claimer(t, "a")
	b, claimsB := claimer(t, "b")
	w := &world{options: options{input: "kafka"}, started: []*consumer{a, b}}
	claimsA(0, 1, 2)
	var during breach
	measured := w.measure(&during)
	claimsA(0)
	claimsB(1, 2)
	claimsA(0)
	measured()
	assert.Equal(t, []int{2, 1, 1, 0}, []int{during.limit(0), during.limit(1), during.limit(2), during.limit(3)})

	w.input = "redpanda"
	var other breach
	w.measure(&other)()
	assert.Equal(t, 1, other.limit(3), "an input that logs none is not counted")
}

func TestCheckerAllowsANewcomerToReadTwiceWhatItClaimedTwice(t *testing.T) {
	c, claims := claimer(t, "new")
	w := &world{options: options{input: "kafka"}, breaches: []*breach{
		{committed: map[int32]int64{0: 5, 1: 3}}, {committed: map[int32]int64{0: 4, 1: 7}},
	}}
	claims(0, 1)
	claims(0)
	since := w.secured()
	assert.Equal(t, map[int32]int64{0: 5, 1: 7}, since)
	w.reclaimed(c, since, map[int32]int64{0: 9, 1: 9})
	b := w.breaches[2]
	assert.Equal(t, 1, b.limit(0))
	assert.Equal(t, 0, b.limit(1))
	assert.True(t, b.explains("new", origin{partition: 0, offset: 5}))
	assert.False(t, b.explains("new", origin{partition: 0, offset: 4}), "it was committed before")
	assert.False(t, b.explains("old", origin{partition: 0, offset: 5}))
}

// TestCheckerFindsTheClaimsOfTheInput holds the log of the real input to what the
// checker looks for.
func TestCheckerFindsTheClaimsOfTheInput(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	w.input = "kafka" // the one that says what it begins to read
	c := begin(t, w, "only", settings{})
	require.NoError(t, w.settled(t.Context(), 1))
	require.NoError(t, w.rest(t.Context(), 1))
	found := w.claims()
	assert.Len(t, found, partitions, strings.TrimSpace(c.logged()))
}
