package partition

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

// ErrMissingDate marks a record whose date is absent, null, empty, or the zero
// time that programs write where they have none.
var ErrMissingDate = errors.New("the record has no date")

// ErrInvalidDate marks a record whose date is there but cannot be read.
var ErrInvalidDate = errors.New("not a date")

// dateParser turns the text of a date into a calendar date.
type dateParser struct {
	formats  []dateFormat // the first that can read a text has it
	location *time.Location
}

// dateFormat is one way in which dates are written.
type dateFormat struct {
	name string
	read func(text []byte, location *time.Location) (reading, bool)
}

// reading is what a text says.
type reading struct {
	date template.Date
	zero bool // the zero time, which stands for none
}

// formatAuto is the format that tells the usual ways of writing a date apart.
const formatAuto = "auto"

// newDateParser returns a parser of dates in a format, or in several that are
// separated by '|'. None is auto.
func newDateParser(format string, location *time.Location) (dateParser, error) {
	p := dateParser{location: location}
	if strings.TrimSpace(format) == "" {
		format = formatAuto
	}
	for name := range strings.SplitSeq(format, "|") {
		f, err := newDateFormat(strings.TrimSpace(name))
		if err != nil {
			return p, err
		}
		p.formats = append(p.formats, f)
	}
	return p, nil
}

func newDateFormat(name string) (dateFormat, error) {
	if name == formatAuto {
		return dateFormat{name: name, read: readAuto}, nil
	}
	for _, u := range units {
		if u.name == name {
			return dateFormat{name: name, read: u.read}, nil
		}
	}
	return newLayout(name)
}

// newLayout returns the format of a Go time layout. Layouts that cannot give a
// date are refused, by formatting a time with them and reading it back.
func newLayout(layout string) (dateFormat, error) {
	sample := time.Date(2025, time.November, 23, 17, 48, 59, 0, time.UTC)
	text := sample.Format(layout)
	got, err := time.Parse(layout, text)
	if err != nil || got.Year() != sample.Year() || got.YearDay() != sample.YearDay() {
		return dateFormat{}, fmt.Errorf("%q is neither auto, unix, unix_ms, unix_us or unix_ns, nor a Go time layout with year, month and day: "+
			"write the reference time 2006-01-02 15:04:05 the way your dates look, for example 02.01.2006 for 23.11.2025", layout)
	}
	if strings.Contains(layout, "MST") {
		return dateFormat{}, fmt.Errorf("%q has the abbreviation of a time zone, which is ambiguous: write an offset (-07:00)", layout)
	}
	east := sample.Add(-time.Hour).In(time.FixedZone("", 3600))
	zoned := east.Format(layout) != text
	return dateFormat{name: layout, read: func(text []byte, location *time.Location) (reading, bool) {
		// Without an offset the text is the date as it stands. UTC keeps it so:
		// in other zones some midnights do not exist.
		t, err := time.Parse(layout, string(text))
		if err != nil {
			return reading{}, false
		}
		if !zoned {
			location = time.UTC
		}
		return readingOf(t, location)
	}}, nil
}

// readingOf is the date of an instant in a time zone. It has to be of a year
// that four digits can show.
func readingOf(t time.Time, location *time.Location) (reading, bool) {
	date := template.DateOf(t.In(location))
	return reading{date: date, zero: t.IsZero()}, date.Year >= 0 && date.Year <= 9999
}

// parse reads a date. The error wraps ErrMissingDate or ErrInvalidDate.
func (p *dateParser) parse(text []byte) (template.Date, error) {
	for i := range p.formats {
		r, ok := p.formats[i].read(text, p.location)
		switch {
		case ok && r.zero:
			return template.Date{}, ErrMissingDate
		case ok:
			return r.date, nil
		}
	}
	if string(text) == zeroText {
		return template.Date{}, ErrMissingDate
	}
	return template.Date{}, p.invalid(text)
}

// zeroText is how a zero time in metadata or in a parsed record is printed,
// whatever the format of dates is.
const zeroText = "0001-01-01T00:00:00Z"

func (p *dateParser) invalid(text []byte) error {
	if len(p.formats) == 1 && p.formats[0].name == formatAuto {
		return fmt.Errorf("%q is %w: expected ISO 8601 such as RFC 3339, YYYY-MM-DD or YYYYMMDD, YYYY/MM/DD, or Unix time, "+
			"or set date_format", excerpt(text), ErrInvalidDate)
	}
	var names []string
	for _, f := range p.formats {
		names = append(names, f.name)
	}
	return fmt.Errorf("%q is %w in the format %s", excerpt(text), ErrInvalidDate, strings.Join(names, " | "))
}

// excerpt shortens what goes into an error message.
func excerpt(text []byte) string {
	const most = 64
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

// readAuto reads a date of ISO 8601, or a number.
func readAuto(text []byte, location *time.Location) (reading, bool) {
	if r, ok := readISO(text, location); ok {
		return r, true
	}
	if len(text) == 8 {
		// As Unix time these numbers lie in August 1970, where nobody's data is.
		date, rest, ok := cutBasicDay(text)
		if ok && len(rest) == 0 && date.Year >= 1900 && date.Year <= 2100 {
			return reading{date: date}, true
		}
	}
	n, ok := wholeNumber(text)
	if !ok {
		return reading{}, false
	}
	return unitOf(n).at(n, location)
}

// unit is what Unix time is counted in.
type unit struct {
	name      string
	perSecond int64
}

// units are the units, with the name of the date format of each.
var units = [...]unit{{"unix", 1}, {"unix_ms", 1e3}, {"unix_us", 1e6}, {"unix_ns", 1e9}}

// unitOf tells the unit by magnitude: as seconds 1e11 is the year 5138, as
// milliseconds 1e14 is the same.
func unitOf(n int64) unit {
	switch m := max(n, -n); {
	case m < 1e11:
		return units[0]
	case m < 1e14:
		return units[1]
	case m < 1e17:
		return units[2]
	default:
		return units[3]
	}
}

// read reads Unix time in this unit.
func (u unit) read(text []byte, location *time.Location) (reading, bool) {
	n, ok := wholeNumber(text)
	if !ok {
		return reading{}, false
	}
	return u.at(n, location)
}

func (u unit) at(n int64, location *time.Location) (reading, bool) {
	if record.IsZeroTime(n) {
		return reading{zero: true}, true
	}
	seconds, rest := n/u.perSecond, n%u.perSecond
	return readingOf(time.Unix(seconds, rest*(1e9/u.perSecond)), location)
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
