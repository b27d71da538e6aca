package docsrun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func picture(t *testing.T) []string {
	t.Helper()
	svg, err := os.ReadFile(filepath.Join(root, "docs/images/demo.svg"))
	require.NoError(t, err)
	lines, err := LinesOf(string(svg))
	require.NoError(t, err)
	return lines
}

func TestThePictureOfTheDemoShowsAllOfIt(t *testing.T) {
	text := strings.Join(picture(t), "\n")
	for _, part := range []string{
		"$ make demo", "What is in the bucket", "rolled: size", "The first lines of", "Records that cannot be stored",
		"The health check", "Every record is accounted for", "3006 records read = 3000 rows in objects + 6 dead letters",
	} {
		assert.Contains(t, text, part)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	assert.Contains(t, string(readme), "docs/images/demo.svg")
}

func TestTranscriptsAreCut(t *testing.T) {
	long := "Title\n" + strings.Repeat("  row\n", 30) + "\nNext\n  " + strings.Repeat("x", 200) + "\n"
	lines := Transcript(long)
	assert.Len(t, lines, 1+shown+1+1+2)
	assert.Equal(t, "  …", lines[shown+1])
	assert.True(t, strings.HasSuffix(lines[len(lines)-1], "x…"))
	back, err := LinesOf(SVG([]string{"a < b & c", "", "  ├─ x"}))
	require.NoError(t, err)
	assert.Equal(t, []string{"a < b & c", "  ├─ x"}, back)
	assert.Equal(t, Masked("└─ events-00001.csv   65499 B"), Masked("└─ events-00002.csv 831 B"))
	assert.NotEqual(t, Masked("rolled: size"), Masked("rolled: idle"))
}
