package model

import (
	"fmt"
	"slices"
	"strings"
)

// Rule is one of the rules that make delivery exactly once.
type Rule uint16

// The rules. Each constant says what consumers do that keep to it.
const (
	IntentFirst   Rule = 1 << iota // R1: upload only what a commit has announced
	UseIntents                     // R2: store what predecessors announced under the keys of these
	Fenced                         // R3: the broker refuses commits of an earlier generation
	WholeCommit                    // R4: a commit is stored for all of its partitions or for none
	Continuous                     // R5: go on only with what was theirs in every generation
	OneCommit                      // R6: one commit under way; after one without an answer, a new generation
	Frozen                         // R7: an epoch changes only while all of its partitions are owned
	KeepLanded                     // R8: what has landed stays listed until low passes it
	LandFirst                      // R9: low moves after landing
	WholeObjects                   // R10: form an object of all its records, whoever owns their partitions
	CompareDigest                  // R11: store again what cannot be formed as it was announced

	AllRules Rule = 1<<11 - 1
)

var ruleNames = []string{
	"intent-first", "use-intents", "fenced", "whole-commit", "continuous", "one-commit",
	"frozen", "keep-landed", "land-first", "whole-objects", "compare-digest",
}

// String is the number and the name of a rule: "R1 intent-first".
func (r Rule) String() string {
	for i, name := range ruleNames {
		if r == 1<<i {
			return fmt.Sprintf("R%d %s", i+1, name)
		}
	}
	return fmt.Sprintf("Rule(%#x)", uint16(r))
}

// ParseRule takes the number or the name of a rule: "R1" or "intent-first".
func ParseRule(s string) (Rule, error) {
	for i, name := range ruleNames {
		if s == name || strings.EqualFold(s, fmt.Sprintf("R%d", i+1)) {
			return 1 << i, nil
		}
	}
	return 0, fmt.Errorf("no rule %q: give R1 to R%d, or one of %s", s, len(ruleNames), strings.Join(slices.Sorted(slices.Values(ruleNames)), ", "))
}
