package template

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxNumber is the highest chunk id. It has seven digits, so that neither a
// date (YYYYMMDD) nor Unix time at the end of a foreign key is taken for one,
// and so that two digits of every key suffice for numbers to grow.
const MaxNumber = 9_999_999

const (
	// chunkIDDigits is the width to which chunk ids are padded.
	chunkIDDigits = 5
	// maxNumberDigits is the width of MaxNumber.
	maxNumberDigits = 7
	// uuidBytes is the length of a uuid in its usual form.
	uuidBytes = 36
)

// ObjectNaming is what one object contributes to its key.
type ObjectNaming struct {
	// Opened is the time at which the object's chunk was opened.
	Opened time.Time
	// ChunkID counts the objects of one rendered name from 1 to [MaxNumber].
	ChunkID int
	// UUID fills {{uuid}}.
	UUID string
	// SourceRange fills {{source_range}}: letters, digits and -_.+%, at most
	// [MaxSourceRange] bytes. Left empty it leaves a gap: what comes out is the
	// name that objects share whose numbers count on from range to range.
	SourceRange string
	// Suffix, when set, is appended to the name to make it unique where a
	// conditional write cannot be relied on. It is as long as a uuid at most.
	Suffix string
}

// Name is what the keys of all objects share that belong to one path, were
// opened at the same time, and have the same source range. They differ by
// number, uuid and suffix. It is immutable.
type Name struct {
	stem      string // the key without its extension, with holes for number and uuid
	extension string
	appended  bool // the number is appended to the stem, from the second on
}

// Name fills the holes of a path that the objects of one name share: those of
// clock and source range.
func (l *Layout) Name(path string, o ObjectNaming) (Name, error) {
	if len(o.SourceRange) > MaxSourceRange || !safeText(strings.Map(dropRangeMarks, o.SourceRange)) {
		return Name{}, fmt.Errorf("rendering object key: %q is not a source range", o.SourceRange)
	}
	stem := strings.TrimSuffix(path, l.extension)
	filled := make([]byte, 0, len(stem)+l.reserve)
	for i := range len(stem) {
		c := stem[i]
		switch k := kind(c); {
		case c >= 0x20 || isObjectHole(rune(c)):
			filled = append(filled, c)
		case k == kindSourceRange:
			filled = append(filled, o.SourceRange...)
		default:
			filled = l.appendClock(filled, k, o.Opened)
		}
	}
	return Name{stem: string(filled), extension: path[len(stem):], appended: l.numbered}, nil
}

// Key names an object of a path: see [Name.Key].
func (l *Layout) Key(path string, o ObjectNaming) (string, error) {
	name, err := l.Name(path, o)
	if err != nil {
		return "", err
	}
	return name.Key(o)
}

// Key is the key of the object with that chunk id, uuid and suffix. Where the
// template has no {{chunk_id}}, a ChunkID of 2 or more is appended to the file
// name, before the extension, as "-00002": so there is always a next name to
// try. That includes templates with {{uuid}}: a caller that draws a new uuid for
// every object passes 1.
//
// A path that [Layout.AppendPath] has accepted leaves room for every number and
// suffix; for another one the error may wrap [ErrKeyTooLong].
func (n Name) Key(o ObjectNaming) (string, error) {
	if o.ChunkID < 1 || o.ChunkID > MaxNumber {
		return "", fmt.Errorf("rendering object key: chunk ids go from 1 to %d", MaxNumber)
	}
	if !safeText(o.UUID) || !safeText(o.Suffix) {
		return "", errors.New("rendering object key: uuid and suffix are restricted to letters, digits, '-' and '_'")
	}
	key := make([]byte, 0, len(n.stem)+len(n.extension)+2*uuidBytes+2*maxNumberDigits)
	key = n.appendStem(key, o.ChunkID, o.UUID)
	if o.Suffix != "" {
		key = append(key, '-')
		key = append(key, o.Suffix...)
	}
	key = append(key, n.extension...)
	if len(key) > MaxKeyBytes {
		return "", keyTooLong(len(key))
	}
	return string(key), nil
}

// appendStem fills number and uuid.
func (n Name) appendStem(dst []byte, number int, uuid string) []byte {
	for i := range len(n.stem) {
		switch c := n.stem[i]; kind(c) {
		case kindChunkID:
			dst = appendPadded(dst, number, chunkIDDigits)
		case kindUUID:
			dst = append(dst, uuid...)
		default:
			dst = append(dst, c)
		}
	}
	if n.appended && number > 1 {
		dst = append(dst, '-')
		dst = appendPadded(dst, number, chunkIDDigits)
	}
	return dst
}

// Unique reports whether a uuid makes every key of the name a key of its own.
func (n Name) Unique() bool { return strings.IndexByte(n.stem, byte(kindUUID)) >= 0 }

// Numbered reports whether {{chunk_id}} has a place in the name. Where it has
// not, numbers are appended from the second object on.
func (n Name) Numbered() bool { return !n.appended }

// ID is the identity of the name, to count its objects by. It is no key: the
// places of number and uuid are marked with control characters.
func (n Name) ID() string { return n.stem + n.extension }

// String is the name for messages: see [Readable].
func (n Name) String() string { return Readable(n.ID()) }

// appendClock fills a hole of the clock.
func (l *Layout) appendClock(dst []byte, k kind, opened time.Time) []byte {
	switch k {
	case kindTimestamp:
		return appendPadded(dst, int(max(opened.Unix(), 0)), k.width())
	case kindClockHour:
		return appendPadded(dst, opened.In(l.location).Hour(), 2)
	case kindClockMinute:
		return appendPadded(dst, opened.In(l.location).Minute(), 2)
	default:
		return appendPadded(dst, opened.In(l.location).Second(), 2)
	}
}

// isObjectHole holds for what differs between objects of one name: another
// source range is another name.
func isObjectHole(r rune) bool { return r == rune(kindChunkID) || r == rune(kindUUID) }

// dropRangeMarks drops what a source range may have beside safe text.
func dropRangeMarks(r rune) rune {
	if r == '.' || r == '+' || r == '%' {
		return -1
	}
	return r
}

func safeText(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
