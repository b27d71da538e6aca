package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/template"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	require.NoError(t, err)
	return l
}

func TestDatesThatAreRead(t *testing.T) {
	tests := []struct {
		zone, format, text string
		want               template.Date
	}{
		{"UTC", "auto", "2025-07-07", template.Date{Year: 2025, Month: 7, Day: 7}},
		{"UTC", "", "2025/07/07", template.Date{Year: 2025, Month: 7, Day: 7}},
		{"UTC", "", "20250707", template.Date{Year: 2025, Month: 7, Day: 7}},
		{"UTC", "", "2025-07-07T12:15:17Z", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025-07-07t12:15:17.123456789z", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025-07-07 12:15:17", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025-07-07 12:15:17.5 UTC", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025-07-07T12:15", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025-07-07T23:15:17-05:00", template.Date{Year: 2025, Month: 7, Day: 8, Hour: 4}},
		{"UTC", "", "2025-01-01 00:30:00 +0100", template.Date{Year: 2024, Month: 12, Day: 31, Hour: 23}},
		{"UTC", "", "2025-01-01 00:30:00+01", template.Date{Year: 2024, Month: 12, Day: 31, Hour: 23}},
		{"UTC", "", "2016-12-31T23:59:60Z", template.Date{Year: 2016, Month: 12, Day: 31, Hour: 23}},
		{"UTC", "", "2024-02-29", template.Date{Year: 2024, Month: 2, Day: 29}},
		{"UTC", "", "1751890517", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "1751890517.9", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "1.751890517e+09", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "1751890517123", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "1751890517123456", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "1751890517123456789", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "0", template.Date{Year: 1970, Month: 1, Day: 1}},
		{"UTC", "", "-1", template.Date{Year: 1969, Month: 12, Day: 31, Hour: 23}},
		{"UTC", "", "-0.5", template.Date{Year: 1969, Month: 12, Day: 31, Hour: 23}},
		{"UTC", "", "20259999", template.Date{Year: 1970, Month: 8, Day: 23, Hour: 11}},
		// Instants move to the configured zone, bare dates and times do not.
		{"Asia/Tokyo", "", "2025-07-07T20:00:00Z", template.Date{Year: 2025, Month: 7, Day: 8, Hour: 5}},
		{"Asia/Tokyo", "", "2025-07-07T20:00:00", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 20}},
		{"Asia/Tokyo", "", "2025-07-07", template.Date{Year: 2025, Month: 7, Day: 7}},
		{"Asia/Tokyo", "", "1751918400", template.Date{Year: 2025, Month: 7, Day: 8, Hour: 5}},
		// Summer time in Berlin starts at 01:00 UTC: 02:30 does not exist.
		{"Europe/Berlin", "", "2025-03-30T00:59:59Z", template.Date{Year: 2025, Month: 3, Day: 30, Hour: 1}},
		{"Europe/Berlin", "", "2025-03-30T01:00:00Z", template.Date{Year: 2025, Month: 3, Day: 30, Hour: 3}},
		{"Europe/Berlin", "", "2025-03-30 02:30:00", template.Date{Year: 2025, Month: 3, Day: 30, Hour: 2}},
		{"Europe/Berlin", "", "2025-10-26T00:30:00Z", template.Date{Year: 2025, Month: 10, Day: 26, Hour: 2}},
		{"Europe/Berlin", "", "2025-10-26T01:30:00Z", template.Date{Year: 2025, Month: 10, Day: 26, Hour: 2}},
		// In Beirut this midnight did not exist; the day does.
		{"Asia/Beirut", "", "2023-03-30", template.Date{Year: 2023, Month: 3, Day: 30}},
		{"Asia/Beirut", "02.01.2006", "30.03.2023", template.Date{Year: 2023, Month: 3, Day: 30}},
		{"Asia/Tokyo", "02.01.2006 15:04", "07.07.2025 20:00", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 20}},
		{"Asia/Tokyo", "02.01.2006 15:04 -0700", "07.07.2025 20:00 +0000", template.Date{Year: 2025, Month: 7, Day: 8, Hour: 5}},
		{"UTC", "02.01.2006 | Jan 2, 2006", "Jul 7, 2025", template.Date{Year: 2025, Month: 7, Day: 7}},
		{"UTC", "2006-002", "2025-188", template.Date{Year: 2025, Month: 7, Day: 7}},
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.text, func(t *testing.T) {
			p, err := newDateParser(tt.format, zone(t, tt.zone))
			require.NoError(t, err)
			got, err := p.parse([]byte(tt.text))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestTextsThatAreNoDates(t *testing.T) {
	p, err := newDateParser("auto", time.UTC)
	require.NoError(t, err)
	for _, text := range []string{
		"soon", "2025-07", "2025-7-7", "2025-13-01", "2025-02-29", "2025-00-10", "2025-07-00", "2025-07/07", "07/07/2025", "2025-07-07X10:00:00",
		"2025-07-07T", "2025-07-07T24:00:00Z", "2025-07-07T12:60:00Z", "2025-07-07T12:00:61Z", "2025-07-07T12:00:00.Z", "2025-07-07T12:00:00+1",
		"2025-07-07T12:00:00+24:00", "2025-07-07T12:00:00 CET", "2025-07-07T1:00:00Z", "0x10", "Inf", "NaN", "1_000", "true", "{}", "[]", "1e300",
		"2025-07-07T12:00:00Z ", "-", "+", "99999999999999999999", "２０２５-07-07",
	} {
		_, err := p.parse([]byte(text))
		assert.ErrorIs(t, err, ErrInvalidDate, text)
	}
	custom, err := newDateParser("02.01.2006", time.UTC)
	require.NoError(t, err)
	_, err = custom.parse([]byte("2025-07-07"))
	assert.ErrorIs(t, err, ErrInvalidDate)
	assert.ErrorContains(t, err, "02.01.2006")
}

func TestLongGarbageIsCutInErrors(t *testing.T) {
	p, err := newDateParser("", time.UTC)
	require.NoError(t, err)
	_, err = p.parse(make([]byte, 10000))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 500)
}

func TestInstantsAgreeWithTheStandardLibrary(t *testing.T) {
	layouts := []string{time.RFC3339, time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006/01/02 15:04:05.000 -07:00"}
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"}
	rapid.Check(t, func(rt *rapid.T) {
		in := zone(t, rapid.SampledFrom(zones).Draw(rt, "written in"))
		out := zone(t, rapid.SampledFrom(zones).Draw(rt, "shown in"))
		instant := time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(rt, "nanoseconds"))
		p, err := newDateParser("auto", out)
		require.NoError(rt, err)
		got, err := p.parse([]byte(instant.In(in).Format(rapid.SampledFrom(layouts).Draw(rt, "layout"))))
		require.NoError(rt, err)
		require.Equal(rt, template.DateOf(instant.In(out)), got)
	})
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2025-07-07", "2025-07-07T12:15:17.5+02:00", "1751890517", "20250707", "2025/07/07 1", "1e9", "-"} {
		f.Add([]byte(seed))
	}
	p, err := newDateParser("auto", time.UTC)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		date, err := p.parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidDate)
			return
		}
		require.True(t, validDay(date.Year, date.Month, date.Day))
		require.True(t, date.Hour >= 0 && date.Hour < 24)
	})
}
