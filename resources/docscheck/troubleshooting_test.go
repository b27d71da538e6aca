package docscheck

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/template"
)

const root = "../.."

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err)
	return string(text)
}

// section is the text below a heading, up to the next of its level or above.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut("\n"+text, "\n"+heading+"\n")
	require.True(t, found, "no heading %q", heading)
	level := len(heading) - len(strings.TrimLeft(heading, "#"))
	end := regexp.MustCompile(`(?m)^#{1,` + string(rune('0'+level)) + `} `).FindStringIndex(rest)
	if end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

var firstCell = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// cells are the code spans in the first column of the tables of a text.
func cells(text string) []string {
	var found []string
	for _, m := range firstCell.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func code(t *testing.T) []Literal {
	t.Helper()
	all, err := Literals(root, "internal", "cmd", "plugin")
	require.NoError(t, err)
	require.Greater(t, len(all), 1000)
	return all
}

func TestMessagesOfTroubleshootingAreThoseOfTheCode(t *testing.T) {
	messages := cells(section(t, read(t, "docs/troubleshooting.md"), "## By message"))
	require.Greater(t, len(messages), 50)
	literals := code(t)
	for _, message := range messages {
		assert.True(t, slices.ContainsFunc(literals, func(l Literal) bool { return Quotes(message, l) }),
			"docs/troubleshooting.md quotes what the code does not say: %s", message)
	}
}

// loggers are the methods that write to the log, and the one that warns about
// a configuration. What is logged begins with a capital letter, unlike errors.
var loggers = []string{"Warn", "Warnf", "Error", "Errorf", "Info", "Infof"}

// speakers are where the log is written.
var speakers = []string{"/output/", "/direct/", "/spooled/", "/telemetry/", "/inspect/", "/unstored/", "/health/", "/kafka/", "/cmd/s3-destination/"}

func isWarning(l Literal) bool {
	logs := slices.ContainsFunc(speakers, func(dir string) bool { return strings.Contains(l.At, dir) })
	return l.Call == "warn" || logs && slices.Contains(loggers, l.Call) && begins(l) && says(l.Text)
}

// begins reports whether a text begins like a line of the log: with a capital
// letter, or with what varies. Errors are made by functions called Errorf too, and
// may begin so.
func begins(l Literal) bool {
	varies := strings.HasPrefix(l.Text, Varies+" ") && strings.HasPrefix(l.Call, "Warn")
	return varies || l.Text != "" && unicode.IsUpper(rune(l.Text[0]))
}

// says reports whether there is enough in a text to quote it. A line such as
// "Kafka: ..." only leads to an error, which says the rest.
func says(text string) bool {
	return len(strings.TrimSpace(strings.ReplaceAll(text, Varies, ""))) >= shortest
}

func TestEveryWarningIsInTroubleshooting(t *testing.T) {
	messages := cells(section(t, read(t, "docs/troubleshooting.md"), "## By message"))
	warnings := 0
	for _, l := range code(t) {
		if !isWarning(l) || !strings.Contains(l.Text, " ") {
			continue
		}
		warnings++
		assert.True(t, slices.ContainsFunc(messages, func(m string) bool { return Quotes(m, l) }),
			"docs/troubleshooting.md lacks the warning of %s: %s", l.At, strings.ReplaceAll(l.Text, Varies, "..."))
	}
	assert.GreaterOrEqual(t, warnings, 20)
}

func TestFindingsOfTheNamesAreInTroubleshooting(t *testing.T) {
	lint := section(t, read(t, "docs/troubleshooting.md"), "### Of lint")
	for name, c := range map[string]struct {
		template.Config
		template.Settings
	}{
		"not unique":      {template.Config{FileName: "x", Extension: ".json"}, template.Settings{PartitionBy: "day"}},
		"account unused":  {template.Config{FileName: "{{uuid}}", Extension: ".json", LoadByAccount: true}, template.Settings{}},
		"no cap":          {template.Config{FileName: "{{chunk_id}}", Extension: ".json"}, template.Settings{}},
		"cap, no chunks":  {template.Config{FileName: "{{timestamp}}", Extension: ".json"}, template.Settings{MaxFileSize: 1, MaxFileSizeSet: true}},
		"no date field":   {template.Config{FileName: "{{DD}}-{{uuid}}", Extension: ".json"}, template.Settings{MaxFileSize: 1}},
		"day in a month":  {template.Config{FileName: "{{DD}}-{{uuid}}", Extension: ".json"}, template.Settings{PartitionBy: "month", HasDateField: true}},
		"hour in a month": {template.Config{FileName: "{{HH}}-{{uuid}}", Extension: ".json"}, template.Settings{PartitionBy: "month", HasDateField: true}},
	} {
		layout, err := template.Compile(c.Config)
		require.NoError(t, err, name)
		findings := layout.CheckRules(c.Settings)
		require.NotEmpty(t, findings, name)
		for _, f := range findings {
			assert.True(t, slices.ContainsFunc(cells(lint), func(m string) bool { return Quotes(m, Literal{Text: f.Message}) }),
				"docs/troubleshooting.md lacks: %s", f.Message)
		}
	}
}

var constant = regexp.MustCompile(`(?m)^\s+\w+\s+(?:Class|Reason) += "(\w+)"`)

// constants are the values of a type in a file.
func constants(t *testing.T, path string) []string {
	t.Helper()
	var found []string
	for _, m := range constant.FindAllStringSubmatch(read(t, path), -1) {
		found = append(found, m[1])
	}
	require.Greater(t, len(found), 5)
	return found
}

func TestEveryClassAndReasonIsInTroubleshooting(t *testing.T) {
	page := read(t, "docs/troubleshooting.md")
	assert.ElementsMatch(t, constants(t, "internal/store/errors.go"), cells(section(t, page, "## By class of error")))
	reasons := cells(section(t, page, "## By reason of small objects"))
	for _, reason := range constants(t, "internal/chunk/object.go") {
		assert.Contains(t, reasons, reason)
	}
	metrics := read(t, "docs/reference/metrics.md")
	for _, reason := range reasons {
		assert.Contains(t, metrics, "`"+reason+"`", "the page of metrics does not know the reason")
	}
}

func TestQuotations(t *testing.T) {
	l := Literal{Text: "reading " + Varies + ": the record has " + Varies + " fields"}
	for quotation, want := range map[string]bool{
		"reading ...: the record has ... fields": true,
		"reading ...: the record ...":            true,
		"reading ...: the record":                false, // it goes on
		"... the record has ... fields":          true,
		"the record has ... fields":              false, // it begins before
		"reading ...: the file has ... fields":   false,
		"reading":                                false,
		"...fields":                              false, // says nothing
	} {
		assert.Equal(t, want, Quotes(quotation, l), quotation)
	}
}
