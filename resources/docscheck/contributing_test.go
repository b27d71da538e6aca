package docscheck

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The setting that CONTRIBUTING shows is that of the code, line by line.
func TestContributingShowsASettingOfTheCode(t *testing.T) {
	_, rest, found := strings.Cut(read(t, "CONTRIBUTING.md"), "```go\n")
	require.True(t, found)
	shown, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	code := read(t, "internal/config/rolling.go")
	for line := range strings.Lines(shown) {
		assert.Contains(t, code, strings.TrimSpace(line))
	}
}
