package output

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUnknownTimeZoneSaysWhatIsWrong has programs with and without a database.
func TestUnknownTimeZoneSaysWhatIsWrong(t *testing.T) {
	without := func(name string) (*time.Location, error) {
		if name == "" || name == "UTC" {
			return time.UTC, nil
		}
		return nil, errors.New("unknown time zone " + name)
	}
	with := func(name string) (*time.Location, error) {
		if name == "America/Santiago" || name == someZone {
			return time.FixedZone(name, 3600), nil
		}
		return without(name)
	}
	for _, name := range []string{"", "UTC", "America/Santiago", "Europe/Berlin"} {
		zone, err := loadZone(name, with)
		require.NoError(t, err, name)
		assert.NotNil(t, zone)
	}
	zone, err := loadZone("America/Santigo", with)
	assert.EqualError(t, err, `unknown timezone "America/Santigo": use a name of the IANA database such as UTC or Europe/Berlin`)
	assert.Equal(t, time.UTC, zone)
	zone, err = loadZone("America/Santiago", without)
	assert.ErrorContains(t, err, `timezone "America/Santiago" cannot be looked up, because there is no database of time zones`)
	assert.ErrorContains(t, err, "time/tzdata")
	assert.Equal(t, time.UTC, zone)
	_, err = loadZone("UTC", without)
	assert.NoError(t, err, "UTC needs no database")
	_, err = loadZone("LOCAL", with)
	assert.ErrorContains(t, err, `unknown timezone "LOCAL", another one on each machine`)
}
