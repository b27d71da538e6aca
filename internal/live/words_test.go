package live

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWordsOfNumbers(t *testing.T) {
	assert.Equal(t, "0.0s", Span(0))
	assert.Equal(t, "9.5s", Seconds(9.5))
	assert.Equal(t, "59s", Seconds(59))
	assert.Equal(t, "1m 05s", Seconds(65))
	assert.Equal(t, "1h 05m", Span(65*time.Minute))
	assert.Equal(t, "2d 01h", Span(49*time.Hour))
	assert.Equal(t, "0 B", Bytes(-1))
	assert.Equal(t, "1.5 KiB", Bytes(1536.0))
	assert.Equal(t, "1,235", Number(1234.5))
	assert.Equal(t, "1 batch", Count(1, "batch"))
	assert.Equal(t, "2 batches", Count(2, "batch"))
	assert.Equal(t, "50 %", Percent(0.5))
	assert.InDelta(t, 1, Part(3, 2), 0)
	assert.InDelta(t, 0, Part(3, 0), 0)
	assert.InDelta(t, 0, Part(-3, 2), 0)
}

func TestHealthInWords(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	since := now.Add(-90 * time.Second)
	for want, h := range map[string]Health{
		"not checked yet":                       {State: "unchecked"},
		"not checked: health_check is off":      {State: "off"},
		"healthy for 1m 30s":                    {State: "healthy", Since: since},
		"unhealthy for 1m 30s (throttled): why": {State: "unhealthy", Since: since, Class: "throttled", Error: "why"},
	} {
		assert.Equal(t, want, h.Words(now))
	}
}

func TestNameForPeople(t *testing.T) {
	assert.Equal(t, "root.output", Name{Path: "root.output"}.String())
	assert.Equal(t, "orders", Name{Path: "root.output", Label: "orders"}.String())
	assert.Equal(t, "eu: orders", Name{Path: "root.output", Label: "orders", Stream: "eu"}.String())
}
