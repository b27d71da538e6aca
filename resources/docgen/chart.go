package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The page of benchmarks holds the figures, and the picture is drawn from them,
// so that the two cannot differ.
const (
	benchmarks = "docs/benchmarks.md"
	picture    = "docs/images/benchmarks.svg"
	// pipelines is the heading of the table that is drawn.
	pipelines = "## Pipelines"
	// processors is which rows of it are drawn.
	processors = "2"
)

// bar is a row of the table: how many times the records of the peer ours lands
// for each second of CPU.
type bar struct {
	work, data string
	ratio      float64
}

// plot draws the picture of a page of benchmarks.
func plot(page, picture string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("reading the figures: %w", err)
	}
	bars, err := barsOf(string(text))
	if err != nil {
		return fmt.Errorf("reading the figures of %s: %w", page, err)
	}
	if err := os.WriteFile(picture, []byte(chart(bars)), 0o644); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// barsOf reads the rows of the table, without that of the output that does
// nothing.
func barsOf(page string) ([]bar, error) {
	_, section, found := strings.Cut(page, "\n"+pipelines+"\n")
	if !found {
		return nil, fmt.Errorf("there is no heading %q", pipelines)
	}
	section, _, _ = strings.Cut(section, "\n### ")
	var bars []bar
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 8 || strings.TrimSpace(cells[3]) != processors || strings.Contains(cells[1], "no-op") {
			continue
		}
		ratio, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(cells[6]), "x"), 64)
		if err != nil {
			return nil, fmt.Errorf("reading the ratio of %q: %w", strings.TrimSpace(line), err)
		}
		bars = append(bars, bar{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), ratio})
	}
	if len(bars) == 0 {
		return nil, errors.New("the table has no rows")
	}
	return bars, nil
}

// What the picture is made of, in pixels.
const (
	chartWidth = 760
	chartLeft  = 300 // for the names of works
	chartRight = 60  // for the figure behind the longest bar
	chartTop   = 46
	barHeight  = 13
	barGap     = 3
	workGap    = 9
)

var barColours = map[string]string{"clicks": "#1f6feb", "wide": "#8250df"}

// chart draws bars, those of one work beside each other.
func chart(bars []bar) string {
	longest := 1.0
	for _, b := range bars {
		longest = max(longest, b.ratio)
	}
	scale := (chartWidth - chartLeft - chartRight) / longest
	var body strings.Builder
	y, work := chartTop, ""
	for _, b := range bars {
		if b.work != work {
			if work != "" {
				y += workGap
			}
			label(&body, chartLeft-8, y+barHeight-2, `text-anchor="end"`, b.work)
		}
		work = b.work
		width := b.ratio * scale
		fmt.Fprintf(&body, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", chartLeft, y, width, barHeight, barColours[b.data])
		label(&body, chartLeft+int(width)+6, y+barHeight-2, "", fmt.Sprintf("%gx", b.ratio))
		y += barHeight + barGap
	}
	height := y + 14
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="Records for each second of CPU, as multiples of those of Redpanda Connect">`+"\n",
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, height)
	svg.WriteString(`<g font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12" fill="#1f2328">` + "\n")
	label(&svg, 16, 22, `font-weight="bold"`, "Records for each second of CPU: how many times those of Redpanda Connect aws_s3")
	for i, data := range []string{"clicks", "wide"} {
		x := chartLeft + 90*i
		fmt.Fprintf(&svg, `<rect x="%d" y="30" width="10" height="10" fill="%s"/>`+"\n", x, barColours[data])
		label(&svg, x+15, 39, "", data)
	}
	svg.WriteString(body.String())
	equal := chartLeft + scale
	fmt.Fprintf(&svg, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#1f2328" stroke-dasharray="3 3"/>`+"\n", equal, chartTop-4, equal, height-10)
	svg.WriteString("</g>\n</svg>\n")
	return svg.String()
}

func label(b *strings.Builder, x, y int, attributes, text string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" %s>`, x, y, attributes)
	_ = xml.EscapeText(b, []byte(text))
	b.WriteString("</text>\n")
}
