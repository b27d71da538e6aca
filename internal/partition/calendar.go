package partition

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/template"
)

// parseCalendar reads a date that starts with YYYY-MM-DD or YYYY/MM/DD and may
// go on with a time and an offset. It is written out because time.Parse wants
// one layout per variant and allocates for each that fails.
func (p *dateParser) parseCalendar(text []byte) (template.Date, bool) {
	year, ok1 := digits(text[:4])
	month, ok2 := digits(text[5:7])
	day, ok3 := digits(text[8:10])
	if !ok1 || !ok2 || !ok3 || text[4] != text[7] || !validDay(year, month, day) {
		return template.Date{}, false
	}
	date := template.Date{Year: year, Month: month, Day: day}
	if len(text) == 10 {
		return date, true
	}
	if text[10] != 'T' && text[10] != 't' && text[10] != ' ' {
		return template.Date{}, false
	}
	hour, minute, second, rest, ok := cutClock(text[11:])
	if !ok {
		return template.Date{}, false
	}
	offset, zoned, ok := parseOffset(rest)
	if !ok {
		return template.Date{}, false
	}
	if date.Hour = hour; !zoned || offset == 0 && p.location == time.UTC {
		return date, true
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second-offset, 0, time.UTC)
	return template.DateOf(t.In(p.location)), true
}

// cutClock reads HH:MM, HH:MM:SS or HH:MM:SS.fraction and returns what follows.
func cutClock(text []byte) (hour, minute, second int, rest []byte, ok bool) {
	if len(text) < 5 || text[2] != ':' {
		return 0, 0, 0, nil, false
	}
	hour, ok1 := digits(text[:2])
	minute, ok2 := digits(text[3:5])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, 0, 0, nil, false
	}
	text = text[5:]
	if len(text) == 0 || text[0] != ':' {
		return hour, minute, 0, text, true
	}
	if len(text) < 3 {
		return 0, 0, 0, nil, false
	}
	second, ok = digits(text[1:3])
	if !ok || second > 60 { // RFC 3339 knows leap seconds
		return 0, 0, 0, nil, false
	}
	text = text[3:]
	if len(text) > 1 && (text[0] == '.' || text[0] == ',') {
		end := 1
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		if end == 1 {
			return 0, 0, 0, nil, false
		}
		text = text[end:]
	}
	return hour, minute, second, text, true
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
