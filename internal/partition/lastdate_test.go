package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/template"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// TestDatesOfTheSameHour changes a date in a few places, and compares what is known
// of it with what the parser reads.
func TestDatesOfTheSameHour(t *testing.T) {
	texts := []string{
		"2025-07-07T12:15:17.123Z", "2025-07-07 12:15:17", "2025-07-07T12:15Z", "2025-07-07T12:15:17+00:00", "2025-07-07T12:15:17-00:30",
		"0001-01-01T00:00:00Z", "2025-07-07", "20250707T121517Z", "2025-W28-1T12:15:17", "2025-188T12:15:17", "2025-W28-1T1215", "1751890518123", "12.07.2025 15:04:05",
		"2025-07-07T12:15:17 UTC", "2025/07/07 12:15:17", "2025-07-07T121517.5", "2025-07-07T12:15:17,5", "2025-07-07T23:59:60Z",
	}
	for _, format := range []string{"", "auto|02.01.2006 15:04:05", "02.01.2006 15:04:05 | auto", "2006-01-02T15:04:05.000Z"} {
		for _, zone := range []*time.Location{time.UTC, zone(t, "Asia/Kolkata")} {
			parser, err := newDateParser(format, zone)
			require.NoError(t, err)
			property.Check(t, func(t *rapid.T) {
				var last lastDate
				text := []byte(rapid.SampledFrom(texts).Draw(t, "text"))
				date, err := parser.parse(text)
				if err != nil {
					return
				}
				last.note(text, date, &parser)
				next := append([]byte(nil), text...)
				for range rapid.IntRange(0, 3).Draw(t, "changes") {
					at := rapid.IntRange(min(13, len(text)-1), len(text)-1).Draw(t, "at")
					next[at] = rapid.SampledFrom([]byte("0123456789:.-+Z")).Draw(t, "byte")
				}
				if known, ok := last.of(next); ok {
					read, err := parser.parse(next)
					require.NoError(t, err, "%s after %s", next, text)
					require.Equal(t, read, known, "%s after %s", next, text)
				}
			})
		}
	}
}

func TestDatesThatNeedNoReading(t *testing.T) {
	parser, err := newDateParser("", time.UTC)
	require.NoError(t, err)
	for _, c := range []struct {
		text, next string
		known      bool
	}{
		{"2025-07-07T12:15:17.123Z", "2025-07-07T12:59:59.999Z", true},
		{"2025-07-07T12:15:17Z", "2025-07-07T13:15:17Z", false},
		{"2025-07-07T12:15:17Z", "2025-07-07T12:60:17Z", false},
		{"2025-07-07T12:15:17Z", "2025-07-07T12:15:61Z", false},
		{"2025-07-07T12:15:17Z", "2025-07-07T12:15:17", false},
		{"2025-07-07T12:15:17-00:30", "2025-07-07T12:45:17-00:30", false},
		{"0001-01-01T00:00:01Z", "0001-01-01T00:00:00Z", false},
		{"1751890518123", "1751890518123", true},
		{"1751890518123", "1751890518124", false},
	} {
		var last lastDate
		_, ok := last.of([]byte(c.text))
		require.False(t, ok, "nothing is known yet")
		date, err := parser.parse([]byte(c.text))
		require.NoError(t, err)
		last.note([]byte(c.text), date, &parser)
		got, ok := last.of([]byte(c.next))
		require.Equal(t, c.known, ok, "%s after %s", c.next, c.text)
		if c.known {
			assert.Equal(t, date, got)
		}
		got, ok = last.of([]byte(c.text))
		require.True(t, ok)
		assert.Equal(t, date, got)
	}
	// A layout may have its day anywhere.
	for _, format := range []string{"0405-01-01T15:02.2006", "auto|0405-01-01T15:02.2006"} {
		parser, err := newDateParser(format, time.UTC)
		require.NoError(t, err)
		var last lastDate
		last.note([]byte("1530-01-01T12:05.2025"), template.Date{Year: 2025, Month: 1, Day: 5, Hour: 12}, &parser)
		_, ok := last.of([]byte("1530-01-01T12:06.2025"))
		require.False(t, ok, format)
	}
}
