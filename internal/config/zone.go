package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// zone is a setting that names a time zone; nil where it is empty.
func zone(name string, place **time.Location) setting {
	return newSetting(name, service.NewStringField(name), func(r *reader, path []string) {
		written := get(r, r.conf.FieldString, path)
		if written == "" {
			return
		}
		zone, err := loadZone(written, time.LoadLocation)
		if err != nil {
			err = fmt.Errorf("%s: %s", dotted(path), strings.TrimPrefix(err.Error(), "timezone: "))
		}
		r.fail(err)
		*place = zone
	})
}

// someZone is in every database of time zones.
const someZone = "Europe/Berlin"

// loadZone returns the time zone of a name of the IANA database. The error says
// whether the name is wrong or the database is missing, and comes with UTC, so
// that what else is wrong can be found too. load is time.LoadLocation, which
// looks for the database in the system and in the program.
func loadZone(name string, load func(string) (*time.Location, error)) (*time.Location, error) {
	if strings.EqualFold(name, "local") {
		return time.UTC, fmt.Errorf("timezone: %q is another one on each machine: write a name of the IANA database such as UTC or Europe/Berlin", name)
	}
	zone, err := load(name)
	if err == nil {
		return zone, nil
	}
	if _, missing := load(someZone); missing != nil {
		return time.UTC, fmt.Errorf("timezone: %q cannot be looked up, because there is no database of time zones (%w): "+
			"install tzdata, let ZONEINFO name a zoneinfo.zip, or build the program with import _ \"time/tzdata\"", name, missing)
	}
	return time.UTC, fmt.Errorf("timezone: %q is unknown: write a name of the IANA database such as UTC or Europe/Berlin", name)
}
