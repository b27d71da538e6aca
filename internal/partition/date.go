package partition

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/template"
)

// ErrMissingDate marks a record whose date is absent, null or empty.
var ErrMissingDate = errors.New("the record has no date")

// ErrInvalidDate marks a record whose date is there but cannot be read.
var ErrInvalidDate = errors.New("not a date")

// dateParser turns the text of a date into a calendar date.
type dateParser struct {
	layouts  []string // empty: auto
	zoned    []bool   // by layout: it holds an offset, so its values are instants
	location *time.Location
}

func newDateParser(format string, location *time.Location) (dateParser, error) {
	p := dateParser{location: location}
	if format == "" || format == "auto" {
		return p, nil
	}
	for layout := range strings.SplitSeq(format, "|") {
		layout = strings.TrimSpace(layout)
		zoned, err := checkLayout(layout)
		if err != nil {
			return p, err
		}
		p.layouts = append(p.layouts, layout)
		p.zoned = append(p.zoned, zoned)
	}
	return p, nil
}

// checkLayout refuses layouts that cannot give a date, by formatting a time
// with them and reading it back.
func checkLayout(layout string) (zoned bool, err error) {
	sample := time.Date(2025, time.November, 23, 17, 48, 59, 0, time.UTC)
	text := sample.Format(layout)
	got, err := time.Parse(layout, text)
	if err != nil || got.Year() != sample.Year() || got.YearDay() != sample.YearDay() {
		return false, fmt.Errorf("%q is neither auto nor a Go time layout with year, month and day: "+
			"write the reference time 2006-01-02 15:04:05 the way your dates look, for example 02.01.2006 for 23.11.2025", layout)
	}
	if strings.Contains(layout, "MST") {
		return false, fmt.Errorf("%q: abbreviations of time zones are ambiguous: use an offset (-07:00)", layout)
	}
	east := sample.Add(-time.Hour).In(time.FixedZone("", 3600))
	return east.Format(layout) != text, nil
}

func (p *dateParser) parse(text []byte) (template.Date, error) {
	if len(p.layouts) > 0 {
		return p.parseLayouts(string(text))
	}
	if len(text) >= 10 && (text[4] == '-' || text[4] == '/') {
		if date, ok := p.parseCalendar(text); ok {
			return date, nil
		}
	} else if date, ok := p.parseNumber(text); ok {
		return date, nil
	}
	return template.Date{}, fmt.Errorf("%q is %w: expected RFC 3339, YYYY-MM-DD, YYYY/MM/DD, YYYYMMDD or Unix time, "+
		"or set date_format", excerpt(text), ErrInvalidDate)
}

func (p *dateParser) parseLayouts(text string) (template.Date, error) {
	for i, layout := range p.layouts {
		// Without an offset the text is the date as it stands. UTC keeps it so:
		// in other zones some midnights do not exist.
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if p.zoned[i] {
			t = t.In(p.location)
		}
		return template.DateOf(t), nil
	}
	return template.Date{}, fmt.Errorf("%q is %w in the format %s", excerpt([]byte(text)), ErrInvalidDate,
		strings.Join(p.layouts, " | "))
}

// excerpt shortens what goes into an error message.
func excerpt(text []byte) string {
	const most = 64
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

// parseNumber reads YYYYMMDD or Unix time.
func (p *dateParser) parseNumber(text []byte) (template.Date, bool) {
	if len(text) == 8 {
		year, ok1 := digits(text[:4])
		month, ok2 := digits(text[4:6])
		day, ok3 := digits(text[6:])
		// As Unix time these numbers lie in August 1970, where nobody's data is.
		if ok1 && ok2 && ok3 && year >= 1900 && year <= 2100 && validDay(year, month, day) {
			return template.Date{Year: year, Month: month, Day: day}, true
		}
	}
	n, ok := wholeNumber(text)
	if !ok {
		return template.Date{}, false
	}
	return template.DateOf(unixTime(n).In(p.location)), true
}

// wholeNumber reads a number and drops its fraction, which no date needs.
func wholeNumber(text []byte) (int64, bool) {
	if len(text) > 40 {
		return 0, false
	}
	s := string(text)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	for _, c := range text {
		if (c < '0' || c > '9') && strings.IndexByte("+-.eE", c) < 0 {
			return 0, false // no hexadecimal, infinity or NaN
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) >= math.MaxInt64 {
		return 0, false
	}
	return int64(math.Floor(f)), true
}

// unixTime tells the unit by magnitude: as seconds 1e11 is the year 5138, as
// milliseconds 1e14 is the same.
func unixTime(n int64) time.Time {
	switch m := max(n, -n); {
	case m < 1e11:
		return time.Unix(n, 0)
	case m < 1e14:
		return time.UnixMilli(n)
	case m < 1e17:
		return time.UnixMicro(n)
	default:
		return time.Unix(0, n)
	}
}
