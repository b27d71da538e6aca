package partition

import (
	"bytes"
	"time"

	"github.com/s3-destination/s3-destination/internal/template"
)

// lastDate is the last date that was read. The next one is mostly of the same hour,
// and then nothing but minutes and what is smaller has to be looked at.
type lastDate struct {
	text  []byte
	date  template.Date
	known bool
	clock bool // the text is a day, an hour, and what cannot change them
}

// of returns the date of a text that has the same day and hour.
func (l *lastDate) of(text []byte) (template.Date, bool) {
	if !l.known || len(text) != len(l.text) {
		return template.Date{}, false
	}
	return l.date, l.clock && sameHour(text, l.text) || bytes.Equal(text, l.text)
}

// note keeps a date that the parser has read.
func (l *lastDate) note(text []byte, date template.Date, parser *dateParser) {
	l.text = append(l.text[:0], text...)
	l.date, l.known = date, true
	l.clock = parser.location == time.UTC && len(parser.formats) == 1 && parser.formats[0].name == formatAuto && date.Year != 1 && clocked(text)
}

// minutes is where minutes begin in 2006-01-02T15:04:05.
const minutes = 14

// clocked reports whether a text, which is a date, has its minutes there and no
// offset. Those of the year 1 may be the zero time, and are told apart by note.
func clocked(text []byte) bool {
	return len(text) > minutes && text[4] == '-' && text[7] == '-' && text[minutes-1] == ':' &&
		len(bytes.TrimLeft(bytes.TrimSuffix(text[minutes:], []byte("Z")), "0123456789:.")) == 0
}

// sameHour reports whether a text of the length of one that is clocked differs from it
// in minutes and what is smaller alone.
func sameHour(text, last []byte) bool {
	const seconds = minutes + 3
	if string(text[:minutes]) != string(last[:minutes]) {
		return false
	}
	if text[minutes] > '5' || len(text) > seconds && text[seconds] > '5' {
		return false // no minutes, and second 60 has no other one behind it
	}
	for i := minutes; i < len(text); i++ {
		c, l := text[i], last[i]
		if c-'0' <= 9 && l-'0' <= 9 { // first, because digits differ at random
			continue
		}
		if c != l {
			return false
		}
	}
	return true
}
