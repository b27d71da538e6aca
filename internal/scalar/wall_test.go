package scalar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/scalar"
)

func TestWallClock(t *testing.T) {
	noon := time.Date(2024, 1, 1, 12, 0, 0, 500_000_000, time.UTC).UnixMicro()
	for text, zoned := range map[string]bool{
		"2024-01-01 12:00:00.5": false, "2024-01-01T12:00:00.500": false, "2024-01-01 12:00:00.5Z": true, "2024-01-01t12:00:00.5+05:00": true,
	} {
		got, z, ok := scalar.WallClock([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, noon, got, text)
		assert.Equal(t, zoned, z, text)
	}
	for _, text := range []string{"", "2024-01-01", "2024-01-01 12:00", "2024-01-01 25:00:00", "2024-01-01 12:00:00 ", "2024-01-01 12:00:00+5", "0000-01-01 00:00:00"} {
		_, _, ok := scalar.WallClock([]byte(text))
		assert.False(t, ok, text)
	}
	got, ok := scalar.WallClockOf(time.Date(2024, 1, 1, 12, 0, 0, 500_000_000, time.FixedZone("", 3600)))
	assert.True(t, ok)
	assert.Equal(t, noon, got)
}

func TestInZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for wall, want := range map[string]string{
		"2024-01-01 12:00:00": "2024-01-01T11:00:00Z",
		"2024-07-01 12:00:00": "2024-07-01T10:00:00Z",
		"2024-03-31 02:30:00": "2024-03-31T01:30:00Z", // clocks are put forward
		"2024-10-27 02:30:00": "2024-10-27T00:30:00Z", // and back
	} {
		at, _, ok := scalar.WallClock([]byte(wall))
		require.True(t, ok)
		got, ok := scalar.InZone(at, berlin)
		require.True(t, ok)
		assert.Equal(t, want, time.UnixMicro(got).UTC().Format(time.RFC3339), wall)
	}
	at, _, _ := scalar.WallClock([]byte("0001-01-01 00:00:00"))
	_, ok := scalar.InZone(at, berlin)
	assert.False(t, ok, "a year before the first")
}
