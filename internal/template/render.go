package template

import (
	"errors"
	"fmt"
	"time"
)

// ErrKeyTooLong marks a record or object whose key would exceed [MaxKeyBytes].
var ErrKeyTooLong = errors.New("object key too long")

// ErrYearOutOfRange marks a date that four digits cannot hold.
var ErrYearOutOfRange = errors.New("year outside 0000-9999")

// Granularity is a step of the calendar.
type Granularity uint8

// The steps, from none to the finest.
const (
	None Granularity = iota
	Year
	Month
	Day
	Hour
)

// String names the step as partition_by does.
func (g Granularity) String() string {
	return [...]string{"none", "year", "month", "day", "hour"}[g]
}

// Date is a point on a calendar, already in the zone in which it is to be
// shown. It is not a time.Time because a date without a time of day must not
// pass through a time zone, where its midnight may not exist.
type Date struct {
	Year, Month, Day, Hour int
}

// DateOf returns the calendar date of t in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: int(month), Day: day, Hour: t.Hour()}
}

// Values is what one record contributes to its path.
type Values struct {
	// Variables holds the values in the order of [Layout.Variables]. An empty
	// one renders as [DefaultPartition].
	Variables [][]byte
	// Date is the record's own date.
	Date Date
	// Today is the clock, in the configured time zone.
	Today Date
}

// AppendPath appends the partition path of a record to dst. It does not
// allocate beyond growing dst. An error concerns this record alone; dst is
// then returned as it was.
//
// The check on the key's length is the final one: it reserves what the longest
// number, uuid, source range and suffix add to the path.
func (l *Layout) AppendPath(dst []byte, v Values) ([]byte, error) {
	if len(v.Variables) < len(l.variables) {
		return dst, fmt.Errorf("rendering path: %d values for %d variables", len(v.Variables), len(l.variables))
	}
	start := len(dst)
	fileStart, valueStart, valueEnd := start, start, start
	for i := range l.parts {
		p := &l.parts[i]
		if i == l.fileStart {
			fileStart = len(dst)
		}
		switch {
		case p.kind == kindLiteral:
			dst = append(dst, p.text...)
		case p.kind == kindVariable:
			valueStart = len(dst)
			dst = appendConfined(dst, v.Variables[p.slot])
			valueEnd = len(dst)
		case p.kind.isHole():
			dst = append(dst, byte(p.kind))
		default:
			n, width := v.calendar(p.kind)
			if n < 0 || n > 9999 {
				return dst[:start], fmt.Errorf("rendering {{%s}} of %d: %w", p.text, n, ErrYearOutOfRange)
			}
			dst = appendPadded(dst, n, width)
		}
	}
	if l.numbered && valueEnd > fileStart {
		stem := len(dst)
		if l.named {
			stem -= len(l.extension)
		}
		dst = disarm(dst, valueStart, valueEnd, stem)
	}
	if !l.named {
		dst = append(dst, l.extension...)
	}
	if n := len(dst) - start + l.reserve; n > MaxKeyBytes {
		return dst[:start], keyTooLong(n)
	}
	return dst, nil
}

func keyTooLong(n int) error {
	return fmt.Errorf("rendering object key of up to %d bytes, number and suffix included, S3 accepts %d: %w", n, MaxKeyBytes, ErrKeyTooLong)
}

// calendar returns the number behind a date placeholder and its width.
func (v *Values) calendar(k kind) (n, width int) {
	switch k {
	case kindYear:
		return v.Date.Year, 4
	case kindMonth:
		return v.Date.Month, 2
	case kindDay:
		return v.Date.Day, 2
	case kindHour:
		return v.Date.Hour, 2
	case kindYearToday:
		return v.Today.Year, 4
	case kindMonthToday:
		return v.Today.Month, 2
	case kindDayToday:
		return v.Today.Day, 2
	default:
		return v.Today.Hour, 2
	}
}

// appendPadded appends a number with leading zeros up to the width.
func appendPadded(dst []byte, n, width int) []byte {
	if width == 2 && n < 100 { // as all but years are
		return append(dst, byte('0'+n/10), byte('0'+n%10))
	}
	var digits [20]byte
	at := len(digits)
	for n > 0 || width > 0 {
		at--
		digits[at] = byte('0' + n%10)
		n /= 10
		width--
	}
	return append(dst, digits[at:]...)
}
