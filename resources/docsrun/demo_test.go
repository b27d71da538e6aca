//go:build docsrun

package docsrun

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// demo compares the picture in README.md with what the demo has just printed:
// every line of the one is a line of the other, but for numbers.
func demo(t *testing.T, printed string) {
	t.Helper()
	var fresh []string
	for _, line := range Transcript(printed) {
		fresh = append(fresh, Masked(line))
	}
	for _, line := range picture(t) {
		if line == "$ make demo" || line == "  …" {
			continue
		}
		assert.True(t, slices.Contains(fresh, Masked(line)) || strings.Contains(Masked(strings.ReplaceAll(printed, "\n", " ")), Masked(line)),
			"docs/images/demo.svg shows what the demo does not print (see resources/docsrun/demosvg): %s", line)
	}
}
