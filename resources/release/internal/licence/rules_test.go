package licence

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rules(t *testing.T, text string) *Rules {
	t.Helper()
	r, err := ParseRules(text)
	require.NoError(t, err)
	return r
}

// inventory has a module of each kind.
func inventory() *Inventory {
	texts := []Text{{Name: "LICENSE"}}
	return &Inventory{Modules: []*Module{
		{Path: "example.com/free", Version: "v1.0.0", Licences: []string{"MIT"}, Texts: texts},
		{Path: "github.com/weak/copyleft/v2", Version: "v2.1.0", Licences: []string{"MPL-2.0"}, Texts: texts},
		{
			Path: "example.com/mixed", Version: "v3.0.0", Licences: []string{"MIT"}, Texts: append(texts, Text{Name: "sub/NOTICE.txt"}),
			Others: []File{{Name: "a/closed.go", Licence: "Closed"}, {Name: "b.go", Licence: "ISC"}},
		},
	}}
}

const enough = `
MIT
ISC # a comment
MPL-2.0 github.com/weak/copyleft/v2 # unmodified
Closed  example.com/mixed a/closed.go kafka # never called
`

func TestWhatIsNotAllowedIsNamed(t *testing.T) {
	tests := map[string]struct {
		rules, variant string
		want           []string
	}{
		"all is allowed": {enough, "kafka", nil},
		"nothing is allowed": {"", "kafka", []string{
			"example.com/free v1.0.0 is under MIT",
			"github.com/weak/copyleft/v2 v2.1.0 is under MPL-2.0",
			"example.com/mixed v3.0.0 is under MIT",
			"example.com/mixed v3.0.0: the file a/closed.go is under Closed",
			"example.com/mixed v3.0.0: the file b.go is under ISC",
		}},
		"only in the other variant": {enough, "nokafka", []string{"example.com/mixed v3.0.0: the file a/closed.go is under Closed"}},
		"a rule for a module is none for its files": {
			"MIT\nISC\nMPL-2.0 github.com/weak/copyleft/v2 # x\nClosed example.com/mixed # x", "kafka",
			[]string{"example.com/mixed v3.0.0: the file a/closed.go is under Closed"},
		},
		"a rule for another module": {
			"MIT\nISC\nMPL-2.0 example.com/free # x\nClosed example.com/mixed a/closed.go # x", "kafka",
			[]string{"github.com/weak/copyleft/v2 v2.1.0 is under MPL-2.0"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, rules(t, test.rules).Check(inventory(), test.variant))
		})
	}
}

func TestAModuleWithoutALicenceIsNamed(t *testing.T) {
	inv := &Inventory{Modules: []*Module{{Path: "example.com/bare", Version: "v1.0.0", Licences: []string{Unknown}}}}
	assert.Equal(t, []string{"example.com/bare v1.0.0 has no licence file", "example.com/bare v1.0.0 is under unknown"},
		rules(t, "MIT").Check(inv, "kafka"))
}

func TestRulesThatNothingNeedsAreNamed(t *testing.T) {
	r := rules(t, enough+"BSD-3-Clause\nISC example.com/gone x.go # it was there\n")
	require.Empty(t, r.Check(inventory(), "kafka"))
	assert.Equal(t, []string{`nothing needs the rule "BSD-3-Clause"`, `nothing needs the rule "ISC example.com/gone x.go"`}, r.Unused())
}

func TestRulesNeedAReason(t *testing.T) {
	_, err := ParseRules("MIT\nMPL-2.0 example.com/x")
	require.ErrorContains(t, err, "line 2: a rule for one module needs its reason")
	_, err = ParseRules("MIT a b c d # x")
	require.ErrorContains(t, err, "line 1: a rule has at most")
}

func TestNoticeNamesWhatIsSpecial(t *testing.T) {
	r := rules(t, enough)
	assert.Empty(t, r.CheckNotice("MIT, MPL-2.0 weak/copyleft; example.com/mixed with a/closed.go", inventory()))
	assert.Equal(t, []string{
		"NOTICE does not name MIT, the licence of example.com/free",
		"NOTICE does not name MIT, the licence of example.com/mixed",
		"NOTICE does not name MPL-2.0, the licence of github.com/weak/copyleft/v2",
		"NOTICE does not name example.com/mixed, which has a notice to pass on",
		"NOTICE does not name the file a/closed.go of example.com/mixed, which is under Closed",
		"NOTICE does not name weak/copyleft, which is under MPL-2.0",
	}, r.CheckNotice("", inventory()))
}
