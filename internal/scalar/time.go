package scalar

import "time"

const (
	microsPerSecond = 1_000_000
	microsPerDay    = 24 * 60 * 60 * microsPerSecond
)

// The times that readers agree on: Spark, Arrow and Trino stop at the year 1 and
// at the year 9999.
const (
	MinDate      = -719162 // 0001-01-01, in days since the Unix epoch
	MaxDate      = 2932896 // 9999-12-31
	MinTimestamp = MinDate * microsPerDay
	MaxTimestamp = (MaxDate+1)*microsPerDay - 1
)

// Timestamp converts an RFC 3339 time to microseconds since the Unix epoch.
// A space may stand for the T. Digits beyond the microsecond are cut off. Times
// outside of the years 1 to 9999, in UTC, are none.
func Timestamp(s []byte) (micros int64, ok bool) {
	wall, rest, ok := wallOf(s)
	if !ok {
		return 0, false
	}
	offset, ok := offsetOf(rest)
	micros = wall - offset
	return micros, ok && micros >= MinTimestamp && micros <= MaxTimestamp
}

// WallClock converts a time as [Timestamp] does, but to what a clock on the wall
// shows: its offset, which may be missing, is left out. zoned says that there is
// one.
func WallClock(s []byte) (micros int64, zoned, ok bool) {
	micros, rest, ok := wallOf(s)
	if len(rest) == 0 {
		return micros, false, ok
	}
	_, valid := offsetOf(rest)
	return micros, true, ok && valid
}

// InZone converts what a clock on the wall of a time zone shows to microseconds
// since the Unix epoch. Where the clock is put forward, what it leaves out is that
// much later; where it is put back, the first of two moments is meant.
func InZone(wall int64, zone *time.Location) (micros int64, ok bool) {
	t := time.UnixMicro(wall).UTC()
	y, m, d := t.Date()
	t = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	// Package time does not say which of two moments it takes.
	const longestChange = 3 * time.Hour
	_, before := t.Add(-longestChange).Zone()
	first := time.UnixMicro(wall - int64(before)*microsPerSecond).In(zone)
	if shown, _ := WallClockOf(first); shown == wall {
		return TimestampOf(first)
	}
	if shown, _ := WallClockOf(t); shown == wall {
		return TimestampOf(t)
	}
	return TimestampOf(first)
}

// WallClockOf returns what a clock on the wall shows at a time, in the time's own
// zone.
func WallClockOf(t time.Time) (micros int64, ok bool) {
	days, ok := DaysOf(t)
	return int64(days)*microsPerDay + TimeOfDayOf(t), ok
}

// wallOf reads a date and a clock.
func wallOf(s []byte) (micros int64, rest []byte, ok bool) {
	if len(s) < len("2006-01-02T15:04:05") || s[10] != 'T' && s[10] != 't' && s[10] != ' ' {
		return 0, nil, false
	}
	days, ok := Date(s[:10])
	if !ok {
		return 0, nil, false
	}
	clock, rest, ok := clockOf(s[11:])
	return int64(days)*microsPerDay + clock, rest, ok
}

// TimeOfDay converts a time such as 15:04:05.999999 to microseconds since
// midnight.
func TimeOfDay(s []byte) (micros int64, ok bool) {
	micros, rest, ok := clockOf(s)
	return micros, ok && len(rest) == 0
}

// Date converts a date such as 2006-01-02 to days since the Unix epoch.
func Date(s []byte) (days int32, ok bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	century, ok1 := twoDigits(s)
	year, ok2 := twoDigits(s[2:])
	month, ok3 := twoDigits(s[5:])
	day, ok4 := twoDigits(s[8:])
	year += century * 100
	if !ok1 || !ok2 || !ok3 || !ok4 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return civilDays(year, month, day), true
}

// civilDays counts days in the proleptic Gregorian calendar. The year starts in
// March, so that the leap day is its last day and months have a regular length.
func civilDays(year, month, day int) int32 {
	if month <= 2 {
		year--
		month += 12
	}
	era := (year + 400) / 400 // years start at -1: January of the year 0
	yearOfEra := year + 400 - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return int32((era-1)*146097 + dayOfEra - 719468)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func twoDigits(s []byte) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// clockOf reads hh:mm:ss with an optional fraction.
func clockOf(s []byte) (micros int64, rest []byte, ok bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, nil, false
	}
	h, ok1 := twoDigits(s)
	m, ok2 := twoDigits(s[3:])
	sec, ok3 := twoDigits(s[6:])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 59 {
		return 0, nil, false
	}
	micros = int64((h*60+m)*60+sec) * microsPerSecond
	if s = s[8:]; len(s) == 0 || s[0] != '.' {
		return micros, s, true
	}
	i, weight := 1, int64(microsPerSecond/10)
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		micros += int64(s[i]-'0') * weight
		weight /= 10
	}
	return micros, s[i:], i > 1
}

// offsetOf reads Z or +hh:mm.
func offsetOf(s []byte) (micros int64, ok bool) {
	if len(s) == 1 && s[0]|0x20 == 'z' {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, ok1 := twoDigits(s[1:])
	m, ok2 := twoDigits(s[4:])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, false
	}
	micros = int64(h*60+m) * 60 * microsPerSecond
	if s[0] == '-' {
		micros = -micros
	}
	return micros, true
}

// TimestampOf converts a time to microseconds since the Unix epoch; ok is false
// outside of the years 1 to 9999, which readers do not agree on.
func TimestampOf(t time.Time) (micros int64, ok bool) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return 0, false
	}
	return t.UnixMicro(), true
}

// DaysOf returns the date of a time, in the time's own zone.
func DaysOf(t time.Time) (days int32, ok bool) {
	y, m, d := t.Date()
	if y < 1 || y > 9999 {
		return 0, false
	}
	return civilDays(y, int(m), d), true
}

// TimeOfDayOf returns the clock of a time, in the time's own zone.
func TimeOfDayOf(t time.Time) int64 {
	h, m, s := t.Clock()
	return int64((h*60+m)*60+s)*microsPerSecond + int64(t.Nanosecond())/1000
}
