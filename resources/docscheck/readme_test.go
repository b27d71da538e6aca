package docscheck

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadmeLeadsToEveryPage fails when a page is added and not linked.
func TestReadmeLeadsToEveryPage(t *testing.T) {
	readme := read(t, "README.md")
	pages, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	require.NoError(t, err)
	require.Greater(t, len(pages), 10)
	for _, page := range pages {
		assert.Contains(t, readme, "](docs/"+filepath.Base(page)+")", "README.md does not link to it")
	}
}
