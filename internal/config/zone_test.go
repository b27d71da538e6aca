package config

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/nozones"
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
	assert.EqualError(t, err, `timezone: "America/Santigo" is unknown: write a name of the IANA database such as UTC or Europe/Berlin`)
	assert.Equal(t, time.UTC, zone)
	zone, err = loadZone("America/Santiago", without)
	assert.ErrorContains(t, err, `timezone: "America/Santiago" cannot be looked up, because there is no database of time zones`)
	assert.ErrorContains(t, err, "time/tzdata")
	assert.Equal(t, time.UTC, zone)
	_, err = loadZone("UTC", without)
	assert.NoError(t, err, "UTC needs no database")
	_, err = loadZone("LOCAL", with)
	assert.ErrorContains(t, err, `timezone: "LOCAL" is another one on each machine`)
}

// zoneEnv makes this test binary, which has no time zones inside, load one and
// print the error.
const zoneEnv = "S3_DESTINATION_TEST_ZONE"

// TestMissingDatabaseIsNotTakenForAWrongName loads zones in a process that has
// no database.
func TestMissingDatabaseIsNotTakenForAWrongName(t *testing.T) {
	if name := os.Getenv(zoneEnv); name != "" {
		_, err := loadZone(name, time.LoadLocation)
		fmt.Printf("loaded %s: %v\n", name, err) //nolint:forbidigo // the answer of the child process
		return
	}
	for name, want := range map[string]string{
		"America/Santiago": `timezone: "America/Santiago" cannot be looked up, because there is no database of time zones`,
		"America/Santigo":  `timezone: "America/Santigo" cannot be looked up, because there is no database of time zones`,
		"UTC":              "loaded UTC: <nil>",
	} {
		cmd := nozones.Command(t, os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(cmd.Env, zoneEnv+"="+name)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), want)
	}
}
