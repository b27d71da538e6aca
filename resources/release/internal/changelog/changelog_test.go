package changelog

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const good = `# Changelog

What it is about.

## [Unreleased]

## [0.2.0] - 2026-03-01

### Fixed

- Something.

## [0.1.0] - 2026-02-01

Words.

### Added

- More.

[0.2.0]: https://example.com/0.2.0
`

func TestSectionsAreFoundByVersion(t *testing.T) {
	entries, err := Parse(good)
	require.NoError(t, err)
	require.Len(t, entries, 3)

	e, err := Find(entries, "0.2.0")
	require.NoError(t, err)
	assert.Equal(t, "### Fixed\n\n- Something.", e.Body)
	assert.Equal(t, "2026-03-01", e.Date.Format("2006-01-02"))

	e, err = Find(entries, "0.1.0")
	require.NoError(t, err)
	assert.Equal(t, "Words.\n\n### Added\n\n- More.", e.Body, "links are no part of a section")

	_, err = Find(entries, "0.3.0")
	require.ErrorContains(t, err, "has no section for 0.3.0: rename [Unreleased]")
	_, err = Find(entries, Unreleased)
	require.ErrorContains(t, err, "is empty")
}

func TestTheFormIsChecked(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no brackets":      {"## 1.0.0 - 2026-01-01", "line 1: \"## 1.0.0 - 2026-01-01\" is not of the form"},
		"no date":          {"# C\n\n## [1.0.0]", "line 3: the version 1.0.0 has no date"},
		"not a date":       {"## [1.0.0] - 2026-13-01", "has no date"},
		"twice":            {"## [1.0.0] - 2026-01-01\n## [1.0.0] - 2026-01-01", "two sections"},
		"unreleased below": {"## [1.0.0] - 2026-01-01\n## [Unreleased]", "not the first section"},
		"wrong order":      {"## [1.0.0] - 2026-01-01\n## [1.1.0] - 2026-02-01", "1.1.0 is newer than 1.0.0 above it"},
		"unknown kind":     {"## [Unreleased]\n\n### News", `line 3: "News" is not one of Added, Changed`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(test.text)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestOurOwnIsInForm(t *testing.T) {
	text, err := os.ReadFile("../../../../CHANGELOG.md")
	require.NoError(t, err)
	entries, err := Parse(string(text))
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		if e.Version != Unreleased {
			assert.NotEmpty(t, e.Body, e.Version)
		}
	}
}
