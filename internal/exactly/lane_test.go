package exactly

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

type drawn struct{ t *rapid.T }

func (d drawn) roll(sides int) int { return rapid.IntRange(0, sides-1).Draw(d.t, "roll") }

type seeded struct{ *rand.Rand }

func (s seeded) roll(sides int) int { return s.IntN(sides) }

func seed(n int) dice { return seeded{rand.New(rand.NewPCG(17, uint64(n)))} }

// TestEveryRecordIsStoredOnce, whatever happens to consumers, commits and
// uploads.
func TestEveryRecordIsStoredOnce(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		require.NoError(t, newWorld(drawn{t}, 0).run(rapid.IntRange(10, 150).Draw(t, "steps")))
	})
}

// TestEveryRecordIsStoredOnceInManyHistories has so many that everything happens.
func TestEveryRecordIsStoredOnceInManyHistories(t *testing.T) {
	runs := 500
	t.Run("some", func(t *testing.T) { histories(t, 0, runs) })
	t.Run("many", func(t *testing.T) {
		long.Skip(t)
		histories(t, runs, 40*runs)
	})
}

func histories(t *testing.T, from, to int) {
	t.Helper()
	happened := map[string]int{}
	for n := from; n < to; n++ {
		w := newWorld(seed(n), 0)
		require.NoError(t, w.run(300), "history %d", n)
		require.Zero(t, w.again, "every epoch has the records that it had")
		for what, times := range w.happened {
			happened[what] += times
		}
	}
	for _, what := range []string{"fenced", "refused", "lost answer", "taken", "rebalance", "kill", "continues", "taken over anew", "formed again", "early", "cut", "no room"} {
		assert.Greater(t, happened[what], (to-from)/20, what)
	}
	t.Log(slices.Sorted(maps.Keys(happened)), happened)
}

// TestHistoriesGoWrongWithoutARule breaks each rule.
func TestHistoriesGoWrongWithoutARule(t *testing.T) {
	for _, c := range []struct {
		name   string
		broken rule
		wrong  string
	}{
		{"R1", ruleIntentFirst, "doubled"},
		{"R2", ruleUseIntents, "doubled"},
		{"R3", ruleFenced, "doubled"},
		{"R4 at the broker", ruleStoreWhole, "doubled"},
		{"R4 by too much metadata", ruleMetadataLimit, "doubled"},
		{"R5", ruleContinuous, "doubled"},
		{"R6", ruleOneCommit, "doubled"},
		{"R7", ruleFrozen, "doubled"},
		{"R8", ruleKeepLanded, "doubled"},
		{"R9", ruleLandFirst, "lost"},
		{"R10", ruleWholeObjects, "doubled"},
		{"R10 without its digest", ruleWholeObjects | ruleDigest, "lost"},
		{"R11", ruleDigest, "lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for n := range 4000 {
				if err := run(newWorld(seed(n), c.broken)); err != nil && strings.Contains(err.Error(), c.wrong) {
					t.Logf("history %d: %v", n, err)
					return
				}
			}
			t.Error("nothing goes wrong")
		})
	}
}

// run tells what goes wrong, a panic of a broken lane included.
func run(w *world) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return w.run(300)
}

// TestNothingIsLostWhenTargetsChange: with processors that are not pure there are
// copies, and they are counted.
func TestNothingIsLostWhenTargetsChange(t *testing.T) {
	again := 0
	for n := range 500 {
		w := newWorld(seed(n), 0)
		w.impure = true
		require.NoError(t, w.run(300), "history %d", n)
		again += w.again
	}
	assert.Positive(t, again)
}
