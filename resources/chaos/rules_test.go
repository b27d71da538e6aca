package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/resources/mutation/patch"
)

// TestEveryRuleCanBeLeftOut: there is a break of each rule, and all still fit the code.
func TestEveryRuleCanBeLeftOut(t *testing.T) {
	all, err := breaksOfRules("../..")
	require.NoError(t, err)
	rules := map[string]bool{}
	for _, b := range all {
		rules[b.rule] = true
		_, err := b.change("../..")
		assert.NoError(t, err)
	}
	assert.Len(t, rules, 11)
	for name := range covered {
		assert.True(t, slices.ContainsFunc(all, func(b ruleBreak) bool { return b.name == name }), "%s is gone", name)
	}
	both := all[slices.IndexFunc(all, func(b ruleBreak) bool { return strings.HasPrefix(b.name, "R6: a commit without") })]
	assert.Len(t, both.patches, 2, "of one name")
	whole := all[slices.IndexFunc(all, func(b ruleBreak) bool {
		return strings.HasPrefix(b.name, "R5: a consumer that the group has forgotten")
	})]
	changed, err := whole.change("../..")
	require.NoError(t, err)
	assert.Len(t, changed, 2, "files")
	for _, p := range whole.patches {
		assert.Contains(t, string(changed[p.File]), p.After, "with the other change in the same file")
	}
}

func TestBreaksAreChosenByTheirBeginning(t *testing.T) {
	some := []patch.Patch{{}}
	all := []ruleBreak{
		{"R1", "control: R1 e", nil}, {"R1", "R1: a", some}, {"R10", "R10: b", some}, {"R5", "R5: c", some}, {"R5", "R5: d", some},
	}
	for begins, want := range map[string]string{"": "eabcd", "control": "e", "R1": "a", "R10": "b", "R5": "cd", "R5: d": "d", "R2": ""} {
		got := ""
		for _, b := range all {
			if b.chosen(begins) {
				got += b.name[len(b.name)-1:]
			}
		}
		assert.Equal(t, want, got, begins)
	}
}

// TestTheHuntSeesWhatIsWrongAlready, and nothing in what may still come.
func TestTheHuntSeesWhatIsWrongAlready(t *testing.T) {
	server, put := bucket(t)
	put(evenDay+"a.json", "1", 1, lines(0))
	put(evenDay+"b.json", "2", 2, lines(0, 2))
	l := known(5)
	s := read(t, server, l)
	none, some := map[int32]int64{}, map[int32]int64{0: 4}
	assert.Equal(t, "0 records missing below the committed offset and 1 stored twice, such as offset 0 of partition 0,", s.wrongBelow(none, l, 5, false))
	assert.Empty(t, s.wrongBelow(none, l, 5, true), "copies are expected")
	assert.Equal(t, "2 records missing below the committed offset and 1 stored twice, such as offset 3 of partition 0,", s.wrongBelow(some, l, 5, false))
	assert.Equal(t, "1 records missing below the committed offset and 0 stored twice, such as offset 1 of partition 0,", s.wrongBelow(some, l, 2, true))
}

// TestABreakHasSeveralChances: with other dice each time, until something is found.
func TestABreakHasSeveralChances(t *testing.T) {
	var seeds []uint64
	look := func(at uint64) (string, error) {
		return insist(3, 7, func(seed uint64) (string, error) {
			seeds = append(seeds, seed)
			if seed == at {
				return "twice", nil
			}
			return "", nil
		})
	}
	found, err := look(8)
	require.NoError(t, err)
	assert.Equal(t, "twice", found)
	assert.Equal(t, []uint64{7, 8}, seeds)
	seeds = nil
	found, err = look(10)
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Equal(t, []uint64{7, 8, 9}, seeds)
	_, err = insist(3, 7, func(uint64) (string, error) { return "", assert.AnError })
	assert.ErrorIs(t, err, assert.AnError)
}
