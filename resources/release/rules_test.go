package release

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unknown is the name of go-licenses for what it cannot read.
const unknown = "Unknown"

// alarms are words that turn a licence into another one. go-licenses looks for
// whole texts, and not for these.
var alarms = []string{
	"gnu affero general public license", "gnu lesser general public license", "gnu library general public license",
	"gnu general public license", "business source license", "server side public license", "elastic license",
	"commons clause", "redpanda community license", "non commercial", "noncommercial",
}

// slack is how many words a text may have beside its licences: copyright lines,
// titles, a sentence that says which file is under which.
const slack = 170

// again are how texts begin that stand in a file more than once, for parts of a
// module with other authors, and how many words each has. That of the Apache
// licence is its short form, which is beside another licence.
var again = []struct {
	begin        string
	words, first int
}{
	{"permission is hereby granted free of charge to any person obtaining a copy", 165, 1},
	{"redistribution and use in source and binary forms with or without modification are permitted", 215, 1},
	{"licensed under the apache license version 2 0 the license", 90, 0},
}

// rule allows a licence, to all modules or to one.
type rule struct {
	licence string
	words   int
	module  string
}

type ruleList []rule

// rules reads licences.allow.
func rules(t *testing.T) ruleList {
	t.Helper()
	var all ruleList
	for line := range strings.Lines(read(t, "licences.allow")) {
		body, reason, _ := strings.Cut(line, "#")
		fields := strings.Fields(body)
		if len(fields) == 0 {
			continue
		}
		require.True(t, len(fields) == 2 || len(fields) == 3 && strings.TrimSpace(reason) != "", "a licence, its words, and perhaps a module with a reason, not %q", line)
		n, err := strconv.Atoi(fields[1])
		require.NoError(t, err)
		all = append(all, rule{fields[0], n, strings.Join(fields[2:], "")})
	}
	return all
}

// find returns the rule that allows a licence to a package, nil when none does.
func (l ruleList) find(licence, path string) *rule {
	for i, r := range l {
		if r.licence == licence && (r.module == "" || path == r.module || strings.HasPrefix(path, r.module+"/")) {
			return &l[i]
		}
	}
	return nil
}

// complaint says what is wrong with the text of licences that are allowed; ""
// when nothing is.
func complaint(text string, under []*rule) string {
	left := len(strings.Fields(words(text)))
	for _, r := range under {
		left -= r.words
		if r.licence == "MPL-2.0" { // it names the GPL, for those who may take that instead
			return ""
		}
	}
	for _, a := range again {
		left -= a.words * max(0, strings.Count(words(text), a.begin)-a.first)
	}
	if found := alarmed(text); len(found) > 0 {
		return "it speaks of the " + strings.Join(found, ", ")
	}
	if left > slack {
		return "it has " + strconv.Itoa(left) + " words that its licences do not explain"
	}
	return ""
}

func alarmed(text string) []string {
	var found []string
	text = words(text)
	for _, alarm := range alarms {
		if strings.Contains(text, alarm) {
			found = append(found, alarm)
		}
	}
	return found
}

// words returns the words of a text in small letters, with spaces between.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), " ")
}

func TestTextsThatSayMoreThanTheirLicencesAreNoticed(t *testing.T) {
	mit := []*rule{{licence: "MIT", words: 165}}
	assert.Empty(t, complaint(strings.Repeat("word ", 165+slack), mit))
	assert.Equal(t, "it has 171 words that its licences do not explain", complaint(strings.Repeat("word ", 166+slack), mit))
	const begin = "Permission is hereby granted, free of charge, to any person obtaining a copy "
	assert.Empty(t, complaint(begin+strings.Repeat("word ", 2*165+slack-30)+begin, mit), "twice")
	assert.Equal(t, "it speaks of the commons clause", complaint("MIT, with the \"Commons\n Clause\"", mit))
}

func TestRulesAreForModules(t *testing.T) {
	l := ruleList{{"MIT", 165, ""}, {"MPL-2.0", 2750, "example.com/a"}}
	assert.NotNil(t, l.find("MIT", "example.com/b"))
	assert.NotNil(t, l.find("MPL-2.0", "example.com/a"))
	assert.NotNil(t, l.find("MPL-2.0", "example.com/a/v2/b"))
	assert.Nil(t, l.find("MPL-2.0", "example.com/ab"))
	assert.Nil(t, l.find(unknown, "example.com/a"))
}
