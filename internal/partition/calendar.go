package partition

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/template"
)

// readISO reads a date of ISO 8601, or one with slashes, which may go on with a
// time and an offset: 2025-07-07, 2025/07/07, 2025-W28-1, 2025-188, and the same
// without hyphens. It is written out because time.Parse wants one layout per
// variant, knows no weeks, and allocates for each that fails.
func readISO(text []byte, location *time.Location) (reading, bool) {
	date, rest, ok := cutDay(text)
	if !ok {
		return reading{}, false
	}
	if len(rest) == 0 {
		return ofDay(date, 0, 0)
	}
	if rest[0] != 'T' && rest[0] != 't' && rest[0] != ' ' {
		return reading{}, false
	}
	hour, minute, second, rest, ok := cutClock(rest[1:])
	if !ok {
		return reading{}, false
	}
	offset, zoned, ok := parseOffset(rest)
	if !ok {
		return reading{}, false
	}
	if date.Hour = hour; !zoned || offset == 0 && location == time.UTC {
		return ofDay(date, minute, second)
	}
	t := time.Date(date.Year, time.Month(date.Month), date.Day, hour, minute, second-offset, 0, time.UTC)
	return readingOf(t, location)
}

// ofDay is the reading of a date as it is written.
func ofDay(date template.Date, minute, second int) (reading, bool) {
	first := template.Date{Year: 1, Month: 1, Day: 1}
	return reading{date: date, zero: date == first && minute == 0 && second == 0}, date.Year >= 0 && date.Year <= 9999
}

// cutDay reads the day at the start of a text and returns what follows. Digits
// alone are a day only where a time follows: 20250707 may be a number.
func cutDay(text []byte) (date template.Date, rest []byte, ok bool) {
	if len(text) < 8 {
		return date, nil, false
	}
	switch {
	case text[4] == '-' && text[5] == 'W' && len(text) >= 10 && text[8] == '-':
		date, ok = dayOfWeek(text[:4], text[6:8], text[9:10])
		return date, text[10:], ok
	case text[4] == 'W':
		date, ok = dayOfWeek(text[:4], text[5:7], text[7:8])
		return date, text[8:], ok
	case (text[4] == '-' || text[4] == '/') && len(text) >= 10 && text[7] == text[4]:
		date, ok = dayOfMonth(text[:4], text[5:7], text[8:10])
		return date, text[10:], ok
	case text[4] == '-':
		date, ok = dayOfYear(text[:4], text[5:8])
		return date, text[8:], ok
	}
	date, rest, ok = cutBasicDay(text)
	return date, rest, ok && len(rest) > 0
}

// cutBasicDay reads YYYYMMDD, or YYYYDDD before a time.
func cutBasicDay(text []byte) (date template.Date, rest []byte, ok bool) {
	if text[7] == 'T' || text[7] == 't' {
		date, ok = dayOfYear(text[:4], text[4:7])
		return date, text[7:], ok
	}
	date, ok = dayOfMonth(text[:4], text[4:6], text[6:8])
	return date, text[8:], ok
}

func dayOfMonth(yearText, monthText, dayText []byte) (template.Date, bool) {
	year, ok1 := digits(yearText)
	month, ok2 := digits(monthText)
	day, ok3 := digits(dayText)
	return template.Date{Year: year, Month: month, Day: day}, ok1 && ok2 && ok3 && validDay(year, month, day)
}

// dayOfYear is the date of an ordinal date.
func dayOfYear(yearText, dayText []byte) (template.Date, bool) {
	year, ok1 := digits(yearText)
	day, ok2 := digits(dayText)
	date := template.DateOf(time.Date(year, time.January, day, 0, 0, 0, 0, time.UTC))
	return date, ok1 && ok2 && day > 0 && date.Year == year
}

// dayOfWeek is the date of a week date. Week 1 is the week of 4 January.
func dayOfWeek(yearText, weekText, dayText []byte) (template.Date, bool) {
	year, ok1 := digits(yearText)
	week, ok2 := digits(weekText)
	day, ok3 := digits(dayText)
	if !ok1 || !ok2 || !ok3 || day < 1 || day > 7 {
		return template.Date{}, false
	}
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	monday := 4 - (int(fourth.Weekday())+6)%7 // of week 1
	t := time.Date(year, time.January, monday+7*(week-1)+day-1, 0, 0, 0, 0, time.UTC)
	inYear, inWeek := t.ISOWeek()
	return template.DateOf(t), inYear == year && inWeek == week
}

// cutClock reads HH:MM, HH:MM:SS or HH:MM:SS.fraction, with or without the
// colons, and returns what follows.
func cutClock(text []byte) (hour, minute, second int, rest []byte, ok bool) {
	colon := 0
	if len(text) > 2 && text[2] == ':' {
		colon = 1
	}
	if len(text) < 4+colon {
		return 0, 0, 0, nil, false
	}
	hour, ok1 := digits(text[:2])
	minute, ok2 := digits(text[2+colon : 4+colon])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, 0, 0, nil, false
	}
	text = text[4+colon:]
	if len(text) == 0 || colon == 1 && text[0] != ':' || colon == 0 && (text[0] < '0' || text[0] > '9') {
		return hour, minute, 0, text, true
	}
	if len(text) < 2+colon {
		return 0, 0, 0, nil, false
	}
	second, ok = digits(text[colon : 2+colon])
	if !ok || second > 60 { // RFC 3339 knows leap seconds
		return 0, 0, 0, nil, false
	}
	text, ok = skipFraction(text[2+colon:])
	return hour, minute, second, text, ok
}

// skipFraction skips the fraction of a second, which no date needs.
func skipFraction(text []byte) (rest []byte, ok bool) {
	if len(text) < 2 || text[0] != '.' && text[0] != ',' {
		return text, true
	}
	end := 1
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	return text[end:], end > 1
}

// parseOffset reads Z, UTC or +HH, +HH:MM, +HHMM, after an optional space, and
// returns seconds east of UTC. Nothing at all is no zone.
func parseOffset(text []byte) (seconds int, zoned, ok bool) {
	if len(text) > 1 && text[0] == ' ' {
		text = text[1:]
	}
	switch string(text) {
	case "":
		return 0, false, true
	case "Z", "z", "UTC":
		return 0, true, true
	}
	if text[0] != '+' && text[0] != '-' || len(text) < 3 {
		return 0, false, false
	}
	hours, ok := digits(text[1:3])
	minutes, ok2 := 0, true
	switch rest := text[3:]; {
	case len(rest) == 3 && rest[0] == ':':
		minutes, ok2 = digits(rest[1:])
	case len(rest) == 2:
		minutes, ok2 = digits(rest)
	case len(rest) != 0:
		return 0, false, false
	}
	if !ok || !ok2 || hours > 23 || minutes > 59 {
		return 0, false, false
	}
	seconds = hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true, true
}

// digits reads a number of nothing but digits.
func digits(text []byte) (n int, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

const daysPerMonth = "\x1f\x1d\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"

func validDay(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 || day > int(daysPerMonth[month-1]) {
		return false
	}
	leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	return month != 2 || day < 29 || leap
}
