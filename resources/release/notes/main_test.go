package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSectionOfAVersionIsPrinted(t *testing.T) {
	const text = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-02\n\n### Fixed\n\n- It.\n"
	for _, version := range []string{"1.2.3", "v1.2.3"} {
		var out strings.Builder
		require.NoError(t, run([]string{version}, strings.NewReader(text), &out))
		assert.Equal(t, "### Fixed\n\n- It.\n", out.String())
	}
	for version, want := range map[string]string{"1.2.4": "no section for 1.2.4", "Unreleased": "is empty"} {
		require.ErrorContains(t, run([]string{version}, strings.NewReader(text), &strings.Builder{}), want)
	}
	require.ErrorContains(t, run([]string{"1.2.3"}, strings.NewReader("## 1.2.3\n"), &strings.Builder{}), "not of the form")
	require.ErrorContains(t, run(nil, strings.NewReader(text), &strings.Builder{}), "usage")
}
