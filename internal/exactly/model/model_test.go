package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

const far = 2_000_000 // more states than any instance of these tests has

// TestAllRulesTogetherHold visits every state of small instances.
func TestAllRulesTogetherHold(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Instance
		long bool
	}{
		{"a rebalance", Instance{Workers: 2, Records: 1, Epochs: 2, Rebalances: 1, Mixed: true, Early: true}, false},
		{"a crash", Instance{Workers: 1, Records: 1, Epochs: 2, Crashes: 1, Rebalances: 2, Mixed: true}, false},
		{"two records", Instance{Workers: 1, Records: 2, Epochs: 1, Rebalances: 2, Mixed: true, Early: true}, false},
		{"routing that changes", Instance{Workers: 2, Records: 1, Epochs: 2, Rebalances: 1, Mixed: true, Impure: true}, false},
		{"two rebalances and a crash", Instance{Workers: 2, Records: 1, Epochs: 2, Crashes: 1, Rebalances: 2, Mixed: true, Early: true}, true},
		{"three consumers", Instance{Workers: 3, Records: 1, Epochs: 2, Rebalances: 2, Mixed: true, Early: true}, true},
		{"a lane for each partition", Instance{Workers: 2, Records: 2, Epochs: 2, Rebalances: 2}, true},
		{"routing that changes over rebalances", Instance{Workers: 2, Records: 1, Epochs: 2, Rebalances: 2, Mixed: true, Early: true, Impure: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long {
				long.Skip(t)
			}
			r := Explore(c.in, 0, Depth, far)
			require.Empty(t, r.Violation, "%v", r.Way)
			assert.True(t, r.Complete, "%d states", r.States)
			t.Logf("%d states", r.States)
		})
	}
}

// TestEveryRuleIsNeeded breaks each rule, and finds the shortest way to a record
// that is lost or stored twice.
func TestEveryRuleIsNeeded(t *testing.T) {
	once := Instance{Workers: 2, Records: 1, Epochs: 2, Rebalances: 1, Mixed: true, Early: true}
	twice, thrice, impure := once, once, once
	twice.Rebalances, thrice.Rebalances, impure.Impure = 2, 3, true
	for _, c := range []struct {
		rule  Rule
		in    Instance
		wrong string
	}{
		{IntentFirst, once, "two objects"},
		{UseIntents, once, "two objects"},
		{Fenced, twice, "two objects"},
		{WholeCommit, once, "two objects"},
		{Continuous, thrice, "two objects"},
		{OneCommit, once, "two objects"},
		{Frozen, twice, "two objects"},
		{KeepLanded, once, "two objects"},
		{LandFirst, once, "in no object"},
		{WholeObjects, once, "in no object"},
		{CompareDigest, impure, "in no object"},
	} {
		t.Run(c.rule.String(), func(t *testing.T) {
			t.Parallel()
			r := Explore(c.in, c.rule, Breadth, far)
			require.Contains(t, r.Violation, c.wrong, "after %d states", r.States)
			assert.NotEmpty(t, r.Way)
			t.Logf("%d states, %v", r.States, r.Way)
		})
	}
}

// TestTheWayLeadsToTheViolation has the steps of a known one.
func TestTheWayLeadsToTheViolation(t *testing.T) {
	r := Explore(Instance{Workers: 1, Records: 1, Epochs: 1, Rebalances: 1}, LandFirst, Breadth, far)
	assert.Equal(t, "p0@0 is below the committed offset and in no object", r.Violation)
	assert.Equal(t, []string{
		"p0 goes to w0, p1 to w0",
		"w0 cuts epoch 0 of p0 at [1 -1]",
		"a commit of w0 is stored",
		"w0 sends low 1 of p0",
		"a commit of w0 is stored",
	}, r.Way)
}

func TestAnExplorationEndsAtItsLimit(t *testing.T) {
	r := Explore(Instance{Workers: 2, Records: 2, Epochs: 3, Rebalances: 2, Mixed: true}, 0, Depth, 1000)
	assert.False(t, r.Complete)
	assert.Empty(t, r.Violation)
	assert.InDelta(t, 1000, r.States, 100)
}

func TestRulesHaveNumbersAndNames(t *testing.T) {
	for i := range 11 {
		r := Rule(1 << i)
		for _, s := range []string{ruleNames[i], r.String()[:2+i/9]} {
			parsed, err := ParseRule(s)
			require.NoError(t, err)
			assert.Equal(t, r, parsed, s)
		}
	}
	assert.Equal(t, "R11 compare-digest", CompareDigest.String())
	_, err := ParseRule("R12")
	assert.ErrorContains(t, err, `no rule "R12"`)
}
