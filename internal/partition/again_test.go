package partition

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAFieldMayComeAgain(t *testing.T) {
	for name, docs := range map[string]struct{ may, cannot []string }{
		"a":     {[]string{`,"a":1}`, `"x":{"a":1}`, `"\u0061":1`, `"x\u0061"`}, []string{``, `"ab":1,"b":["ba"]`, `"\u0062":"\"x"`, `"\u00`, `"A":1`}},
		"a/b":   {[]string{`"a\/b":1`, `"a/b":1`, ``}, nil},
		"día":   {[]string{`"día":1`, `"d\u00eda":1`, `"d\u00EDa":1`}, []string{`"dia":1,"x":"\u00e9"`}},
		"_zq-z": {[]string{`"z_zq-","_zq-z"`}, []string{`"_zq-"`, `_zq-z"`}},
		"":      {[]string{`"":1`}, []string{`1,2`}},
		"😀":     {[]string{`"\ud83d\ude00"`}, nil},
	} {
		r := recurrences{names: []recurrence{recurrenceOf("#none#"), recurrenceOf(name)}}
		for _, doc := range docs.may {
			assert.True(t, r.in([]byte(doc)), "%s in %s", name, doc)
		}
		for _, doc := range docs.cannot {
			assert.False(t, r.in([]byte(doc)), "%s in %s", name, doc)
		}
	}
}
