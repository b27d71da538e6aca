package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const figures = `# Benchmarks

## Method

| CSV | clicks | 2 | 1 | 2 | 9.99x |

## Pipelines

| work | data | GOMAXPROCS | peer /CPU s | ours /CPU s | ratio by CPU | target |
|---|---|--:|--:|--:|--:|--:|
| no-op output (floor) | clicks | 2 | 1243 | 1152 | 0.93x | |
| CSV & more | clicks | 1 | 23 | 257 | 11.04x | 20x |
| CSV & more | clicks | 2 | 20 | 288 | 14.28x | 20x |
| CSV & more | wide | 2 | 8 | 154 | 20.40x | 20x |

### With other settings

| CSV & more | clicks | 2 | 25 | 258 | 10.48x | 20x |
`

func TestBarsAreTheRowsOfTheTable(t *testing.T) {
	bars, err := barsOf(figures)
	require.NoError(t, err)
	assert.Equal(t, []bar{{"CSV & more", "clicks", 14.28}, {"CSV & more", "wide", 20.4}}, bars)
	for text, want := range map[string]string{
		"# Benchmarks\n":                             "no heading",
		strings.ReplaceAll(figures, "| 2 |", ""):     "no rows",
		strings.Replace(figures, "14.28x", "?", 1):   "reading the ratio",
		strings.Replace(figures, "20.40x", "20 ", 1): "",
	} {
		_, err := barsOf(text)
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, want)
	}
}

func TestBarsAreAsLongAsTheirFigures(t *testing.T) {
	svg := chart([]bar{{"a & b", "clicks", 5}, {"a & b", "wide", 10}, {"c", "clicks", 2.5}})
	var drawn struct {
		Group struct {
			Rects []struct {
				Width float64 `xml:"width,attr"`
				Fill  string  `xml:"fill,attr"`
			} `xml:"rect"`
			Texts []string `xml:"text"`
		} `xml:"g"`
	}
	require.NoError(t, xml.Unmarshal([]byte(svg), &drawn))
	rects := drawn.Group.Rects[2:] // behind the legend
	require.Len(t, rects, 3)
	assert.InDelta(t, 2, rects[1].Width/rects[0].Width, 0.01)
	assert.InDelta(t, 2, rects[0].Width/rects[2].Width, 0.01)
	assert.Equal(t, barColours["wide"], rects[1].Fill)
	assert.Equal(t, []string{"a & b", "5x", "10x", "c", "2.5x"}, drawn.Group.Texts[3:])
}

func TestThePictureShowsTheFiguresOfThePage(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(root, picture))
	require.NoError(t, err)
	got := filepath.Join(t.TempDir(), "benchmarks.svg")
	require.NoError(t, plot(filepath.Join(root, benchmarks), got))
	drawn, err := os.ReadFile(got)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(drawn), "%s is stale: run make docs", picture)
	page, err := os.ReadFile(filepath.Join(root, benchmarks))
	require.NoError(t, err)
	assert.Contains(t, string(page), "](images/benchmarks.svg)")
}
