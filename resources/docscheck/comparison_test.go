package docscheck

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var reference = regexp.MustCompile(`\[(\d+)\](?:[^(]|$)`)

// TestSourcesOfTheComparison holds every reference of docs/comparison.md to a
// source, and every source to a reference.
func TestSourcesOfTheComparison(t *testing.T) {
	page := read(t, "docs/comparison.md")
	text, sources, found := strings.Cut(page, "## Sources")
	require.True(t, found)
	used := map[string]bool{}
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		used[m[1]] = true
		assert.Contains(t, sources, "\n| "+m[1]+" | ", "source %s is missing", m[1])
	}
	require.Greater(t, len(used), 10)
	assert.NotContains(t, text, " ? |", "look it up, or leave the cell empty")
	assert.NotContains(t, text, " ?; ", "look it up, or leave it out")
	for i := 1; strings.Contains(sources, fmt.Sprintf("\n| %d | ", i)); i++ {
		assert.True(t, used[fmt.Sprint(i)], "nothing refers to source %d", i)
	}
	for line := range strings.Lines(sources) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| | |") {
			assert.Contains(t, line, "](http", "a source without an address: %s", line)
		}
	}
}
