package live

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Words of numbers, for the page and for terminals.

// Bytes is a size.
func Bytes[T int | int64 | float64](n T) string { return humanize.IBytes(uint64(max(n, 0))) }

// Number is a number, rounded, with commas.
func Number[T int | int64 | float64](n T) string {
	return humanize.Comma(int64(math.Round(float64(n))))
}

// Count is a number of things, of which one is called so.
func Count(n int64, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case one == "batch":
		return humanize.Comma(n) + " batches"
	default:
		return humanize.Comma(n) + " " + one + "s"
	}
}

// Span is a length of time, as short as it may be said.
func Span(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm %02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh %02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd %02dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// Seconds is Span of a number of them.
func Seconds(s float64) string { return Span(time.Duration(s * float64(time.Second))) }

// Percent is a part from 0 to 1.
func Percent(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) }

// Part is how much of a whole there is, from 0 to 1; 0 of nothing.
func Part(n, of int64) float64 {
	if of <= 0 {
		return 0
	}
	return min(max(float64(n)/float64(of), 0), 1)
}

// UnderWay says what is done with chunks, without what there is none of.
func (o *Output) UnderWay() string {
	c := &o.Chunks
	words := []string{fmt.Sprintf("%d open", c.Open)}
	for _, more := range []struct {
		n    int
		what string
	}{
		{c.Sealed, "waiting for an encoder"},
		{c.Encoding, "encoding"},
		{c.Encoded, "waiting for an upload"},
		{c.Refused, "refused"},
	} {
		if more.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", more.n, more.what))
		}
	}
	words = append(words, fmt.Sprintf("%d uploading of %d", c.Uploading, c.UploadLimit))
	return strings.Join(words, ", ") + "; " + Count(int64(o.Batches), "batch") + " waiting"
}

// Words says in one sentence whether the destination takes data.
func (h *Health) Words(now time.Time) string {
	since := ""
	if !h.Since.IsZero() {
		since = " for " + Span(now.Sub(h.Since))
	}
	switch h.State {
	case "healthy":
		return "healthy" + since
	case "unhealthy":
		return fmt.Sprintf("unhealthy%s (%s): %s", since, h.Class, h.Error)
	case "off":
		return "not checked: health_check is off"
	default:
		return "not checked yet"
	}
}
