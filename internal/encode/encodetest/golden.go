package encodetest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Golden is a file whose bytes are pinned, with the rows in it as lines of JSON
// beside it.
type Golden struct {
	// Path is that of the file; that of the rows has .jsonl in addition.
	Path string
	// Rows is how many it must have.
	Rows int
	// Decode is as in Subject.
	Decode func(object []byte) ([]map[string]any, error)
	// Update writes both anew.
	Update bool
}

// Check compares an object with the file, and what is read from the file with
// its rows.
func (g Golden) Check(t *testing.T, object []byte) {
	t.Helper()
	want := g.file(t, g.Path, object)
	assert.Equal(t, want, object, "run the test with -update if the change is meant")
	rows, err := g.Decode(want)
	require.NoError(t, err)
	require.Len(t, rows, g.Rows)
	var lines strings.Builder
	for _, row := range rows {
		lines.WriteString(JSON(row) + "\n")
	}
	assert.Equal(t, string(g.file(t, g.Path+".jsonl", []byte(lines.String()))), lines.String())
}

// file returns what a golden file holds, which is now when it is updated.
func (g Golden) file(t *testing.T, path string, now []byte) []byte {
	t.Helper()
	if g.Update {
		require.NoError(t, os.WriteFile(path, now, 0o600))
	}
	want, err := os.ReadFile(path) //nolint:gosec // the path is in the test
	require.NoError(t, err)
	return want
}
