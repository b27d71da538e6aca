package partition

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
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
		{"UTC", "", "18991231", template.Date{Year: 1970, Month: 8, Day: 8, Hour: 19}},
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
		// ISO 8601 without hyphens and colons, weeks, and days of the year.
		{"UTC", "", "20250102T030405Z", template.Date{Year: 2025, Month: 1, Day: 2, Hour: 3}},
		{"UTC", "", "20250102t0304z", template.Date{Year: 2025, Month: 1, Day: 2, Hour: 3}},
		{"UTC", "", "20250102 030405.678", template.Date{Year: 2025, Month: 1, Day: 2, Hour: 3}},
		{"UTC", "", "20250102T03:04:05Z", template.Date{Year: 2025, Month: 1, Day: 2, Hour: 3}},
		{"UTC", "", "2025-01-02T030405+0500", template.Date{Year: 2025, Month: 1, Day: 1, Hour: 22}},
		{"Asia/Tokyo", "", "20250102T200405Z", template.Date{Year: 2025, Month: 1, Day: 3, Hour: 5}},
		{"Asia/Tokyo", "", "20250102T200405", template.Date{Year: 2025, Month: 1, Day: 2, Hour: 20}},
		{"UTC", "", "18991231T000000Z", template.Date{Year: 1899, Month: 12, Day: 31}},
		{"UTC", "", "2025-W01-3", template.Date{Year: 2025, Month: 1, Day: 1}},
		{"UTC", "", "2025-W01-1", template.Date{Year: 2024, Month: 12, Day: 30}},
		{"UTC", "", "2025W013", template.Date{Year: 2025, Month: 1, Day: 1}},
		{"UTC", "", "2020-W53-7", template.Date{Year: 2021, Month: 1, Day: 3}},
		{"UTC", "", "2025-W28-1T23:15:17-05:00", template.Date{Year: 2025, Month: 7, Day: 8, Hour: 4}},
		{"UTC", "", "2025W281T121517Z", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025-002", template.Date{Year: 2025, Month: 1, Day: 2}},
		{"UTC", "", "2024-366", template.Date{Year: 2024, Month: 12, Day: 31}},
		{"UTC", "", "2025-188T12:15:17Z", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025188T121517Z", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "", "2025188", template.Date{Year: 1970, Month: 1, Day: 24, Hour: 10}}, // digits alone are Unix time
		// A fixed unit.
		{"UTC", "unix", "20250707", template.Date{Year: 1970, Month: 8, Day: 23, Hour: 9}},
		{"UTC", "unix", "1751890517.9", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "unix_ms", "1751890517", template.Date{Year: 1970, Month: 1, Day: 21, Hour: 6}},
		{"Asia/Tokyo", "unix_ms", "1751890517123", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 21}},
		{"UTC", "unix_us", "1751890517123456", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "unix_us", "-1", template.Date{Year: 1969, Month: 12, Day: 31, Hour: 23}},
		{"UTC", "unix_ns", "1751890517", template.Date{Year: 1970, Month: 1, Day: 1}},
		{"UTC", "unix_ns", "1751890517123456789", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "unix", "100000000000", template.Date{Year: 5138, Month: 11, Day: 16, Hour: 9}}, // auto takes it for milliseconds
		{"UTC", "02.01.2006 | unix_ms | auto", "1751890517123", template.Date{Year: 2025, Month: 7, Day: 7, Hour: 12}},
		{"UTC", "02.01.2006 | unix_ms | auto", "2025-07-07", template.Date{Year: 2025, Month: 7, Day: 7}},
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
	p, err := newDateParser("", time.UTC)
	require.NoError(t, err)
	for _, text := range []string{
		"soon", "2025-07", "2025-7-7", "2025-13-01", "2025-02-29", "2025-00-10", "2025-07-00", "2025-07/07", "07/07/2025", "2025-07-07X10:00:00",
		"2025-07-07T", "2025-07-07T24:00:00Z", "2025-07-07T12:60:00Z", "2025-07-07T12:00:61Z", "2025-07-07T12:00:00.Z", "2025-07-07T12:00:00+1",
		"2025-07-07T12:00:00+24:00", "2025-07-07T12:00:00 CET", "2025-07-07T1:00:00Z", "0x10", "Inf", "NaN", "1_000", "true", "{}", "[]", "1e300",
		"2025-W00-1", "2025-W53-1", "2025-W01-0", "2025-W01-8", "2025-W01", "2025W01", "2025-W1-1", "2025-w01-1", "2025W0131", "2025-W013",
		"2025-000", "2025-366", "2025-07", "2025/002", "2025-0021", "2025002T", "20250102T", "20250102T03", "20250102T0304056", "20250102T03:0405Z",
		"20251302T030405Z", "20250102T240000Z", "20250102X030405", "2025-01-02T03:04Z05", "20250102T030405.Z", "2025-W01-3T", "-99999999999",
		"9999-12-31T23:00:00-02:00", "0000-01-01T00:00:00+02:00", "9999-W52-7",
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

func TestDatesBeyondAFixedUnitAreNoDates(t *testing.T) {
	for format, texts := range map[string][]string{
		"unix":    {"1751890517123", "-99999999999999", "9223372036854775807", "-9223372036854775808", "2025-07-07", "x", ""},
		"unix_ms": {"1751890517123456", "9223372036854775807"},
		"unix_us": {"1751890517123456789"},
		"unix_ns": {"17518905171234567890", "0x10"},
	} {
		p, err := newDateParser(format, time.UTC)
		require.NoError(t, err)
		for _, text := range texts {
			_, err := p.parse([]byte(text))
			assert.ErrorIs(t, err, ErrInvalidDate, "%s as %s", text, format)
			assert.ErrorContains(t, err, "in the format "+format)
		}
	}
}

// TestZeroTimeIsNoDate reads what Go, .NET and others write where they have no
// time.
func TestZeroTimeIsNoDate(t *testing.T) {
	for format, texts := range map[string][]string{
		"": {
			"0001-01-01T00:00:00Z", "0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00.0000000", "00010101T000000Z", "0001-001",
			"0001-01-01T02:00:00+02:00", "-62135596800", "-62135596800000", "-62135596800000000", "-6795364578871345152", "-62135596800000.0",
		},
		"unix":       {"-62135596800", "-62135596800000"},
		"unix_ms":    {"-62135596800000"},
		"unix_us":    {"-62135596800000000"},
		"unix_ns":    {"-6795364578871345152", zeroText},
		"02.01.2006": {"01.01.0001", zeroText},
	} {
		for _, place := range []string{"UTC", "America/New_York"} {
			p, err := newDateParser(format, zone(t, place))
			require.NoError(t, err)
			for _, text := range texts {
				_, err := p.parse([]byte(text))
				assert.ErrorIs(t, err, ErrMissingDate, "%s as %q in %s", text, format, place)
			}
		}
	}
	p, err := newDateParser("", time.UTC)
	require.NoError(t, err)
	for _, text := range []string{"0001-01-01T00:00:01Z", "0001-01-01T00:01:00", "0001-01-01T01:00:00Z", "0001-01-02", "-62135596801", "0", "-1"} {
		_, err := p.parse([]byte(text))
		assert.NoError(t, err, text)
	}
}

func TestISODatesAgreeWithTheStandardLibrary(t *testing.T) {
	times := []string{"", "T15:04:05", "T150405", " 15:04", "T1504", "T15:04:05.000", "T150405.999999"}
	offsets := []string{"", "Z07:00", "-0700", " -07:00"}
	property.Check(t, func(rt *rapid.T) {
		out := zone(t, rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"}).Draw(rt, "shown in"))
		instant := time.Unix(60*rapid.Int64Range(-8e8, 3e9).Draw(rt, "minutes"), 0).UTC() // the clock may show no seconds
		year, week := instant.ISOWeek()
		weekday := (int(instant.Weekday())+6)%7 + 1
		day := rapid.SampledFrom([]string{
			instant.Format("2006-01-02"), instant.Format("2006/01/02"), instant.Format("20060102"), instant.Format("2006-002"),
			fmt.Sprintf("%04d-W%02d-%d", year, week, weekday), fmt.Sprintf("%04dW%02d%d", year, week, weekday),
		}).Draw(rt, "day")
		clock, offset := rapid.SampledFrom(times[1:]).Draw(rt, "time"), rapid.SampledFrom(offsets).Draw(rt, "offset")
		p, err := newDateParser("", out)
		require.NoError(rt, err)
		text := day + instant.Format(clock+offset)
		got, err := p.parse([]byte(text))
		require.NoError(rt, err, text)
		if offset == "" {
			require.Equal(rt, template.DateOf(instant), got, text)
		} else {
			require.Equal(rt, template.DateOf(instant.In(out)), got, text)
		}
	})
}

func TestFixedUnitsAgreeWithTheStandardLibrary(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		out := zone(t, rapid.SampledFrom([]string{"UTC", "Asia/Kathmandu"}).Draw(rt, "shown in"))
		instant := time.Unix(rapid.Int64Range(-9e9, 9e9).Draw(rt, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(rt, "nanoseconds"))
		for format, n := range map[string]int64{
			"unix": instant.Unix(), "unix_ms": instant.UnixMilli(), "unix_us": instant.UnixMicro(), "unix_ns": instant.UnixNano(),
		} {
			p, err := newDateParser(format, out)
			require.NoError(rt, err)
			got, err := p.parse(strconv.AppendInt(nil, n, 10))
			require.NoError(rt, err)
			require.Equal(rt, template.DateOf(instant.In(out)), got, format)
		}
	})
}

// TestUnixTimeOfEveryYearThatFourDigitsShow draws from all numbers.
func TestUnixTimeOfEveryYearThatFourDigitsShow(t *testing.T) {
	const first, last = -62167219200, 253402300799
	p, err := newDateParser("unix", time.UTC)
	require.NoError(t, err)
	property.Check(t, func(rt *rapid.T) {
		n := rapid.OneOf(rapid.Int64(), rapid.Int64Range(first-1000, first+1000), rapid.Int64Range(last-1000, last+1000)).Draw(rt, "seconds")
		_, err := p.parse(strconv.AppendInt(nil, n, 10))
		if n >= first && n <= last && !record.IsZeroTime(n) {
			require.NoError(rt, err)
		} else {
			require.Error(rt, err)
		}
	})
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
	property.Check(t, func(rt *rapid.T) {
		in := zone(t, rapid.SampledFrom(zones).Draw(rt, "written in"))
		out := zone(t, rapid.SampledFrom(zones).Draw(rt, "shown in"))
		instant := time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(rt, "nanoseconds"))
		p, err := newDateParser("", out)
		require.NoError(rt, err)
		got, err := p.parse([]byte(instant.In(in).Format(rapid.SampledFrom(layouts).Draw(rt, "layout"))))
		require.NoError(rt, err)
		require.Equal(rt, template.DateOf(instant.In(out)), got)
	})
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2025-07-07", "2025-07-07T12:15:17.5+02:00", "1751890517", "20250707", "2025/07/07 1", "1e9", "-", "2025-W01-3", "2025-002T030405Z", "20250102T030405Z", "0001-01-01"} {
		f.Add([]byte(seed))
	}
	p, err := newDateParser("", time.UTC)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		date, err := p.parse(text)
		if err != nil {
			require.True(t, errors.Is(err, ErrInvalidDate) || errors.Is(err, ErrMissingDate), err)
			return
		}
		require.True(t, date.Year >= 0 && date.Year <= 9999)
		require.True(t, validDay(date.Year, date.Month, date.Day))
		require.True(t, date.Hour >= 0 && date.Hour < 24)
	})
}
