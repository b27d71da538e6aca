//go:build docsrun

package docsrun

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fiveMinutes does what README.md tells a newcomer to do: its commands, as they
// are printed, in an empty directory and with nothing but the binary and Python.
// DuckDB must print what the page shows.
func (w *world) fiveMinutes(t *testing.T, all []Fence) {
	var script []string
	shown := ""
	for _, f := range all {
		switch {
		case f.Page != "README.md" || f.Heading != firstSteps:
		case f.Lang == "sh":
			script = append(script, f.Text)
		case f.Lang == "text":
			shown = f.Text
		}
	}
	require.Len(t, script, 2, "README.md: one fence that writes, and one that reads back")
	require.Len(t, rows(shown), 3, "README.md does not show what is read back")
	dir := t.TempDir()
	run := func(text string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := w.command(ctx, text)
		cmd.Dir = dir
		cmd.Env = nil
		for _, variable := range w.env {
			if !strings.HasPrefix(variable, "AWS_") { // a newcomer has no credentials
				cmd.Env = append(cmd.Env, variable)
			}
		}
		printed, err := cmd.CombinedOutput()
		return string(printed), err
	}
	printed, err := run(script[0])
	require.NoError(t, err, printed)
	assert.Contains(t, printed, "events/date=2026-07-01/")

	install, query, found := strings.Cut(script[1], "\n")
	require.True(t, found)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIP reading back with DuckDB: needs python3")
	}
	if printed, err := run(install); err != nil {
		t.Skipf("SKIP reading back with DuckDB: pip cannot install it: %s", printed)
	}
	printed, err = run(query)
	require.NoError(t, err, printed)
	assert.Equal(t, rows(shown), rows(printed))
}

// rows are the values of a table that is drawn with lines. Versions of DuckDB
// draw differently.
func rows(table string) (all [][]string) {
	for line := range strings.Lines(table) {
		if !strings.Contains(line, "2026-") {
			continue
		}
		all = append(all, strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '│' || r == '|' }))
	}
	return all
}
