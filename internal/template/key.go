package template

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ObjectNaming is what one object contributes to its key.
type ObjectNaming struct {
	// Opened is the time at which the object's chunk was opened.
	Opened time.Time
	// ChunkID counts the objects of one rendered name from 1.
	ChunkID int
	// UUID fills {{uuid}}. Left empty it leaves a gap: what comes out is not a
	// key to write to but the name that objects share, to count them by.
	UUID string
	// SourceRange fills {{source_range}}: letters, digits and -_.+%, at most
	// [MaxSourceRange] bytes. Left empty it leaves a gap, like UUID.
	SourceRange string
	// Suffix, when set, is appended to the name to make it unique on stores
	// that do not honour conditional writes.
	Suffix string
}

// Key fills the holes of a path. Where the template has no {{chunk_id}}, a
// ChunkID of 2 or more is appended to the file name, before the extension, as
// "-00002": so there is always a next name to try. That includes templates
// with {{uuid}}: a caller that draws a new uuid for every object passes 1.
//
// The error wraps [ErrKeyTooLong] when a number or suffix makes the key too
// long.
func (l *Layout) Key(path string, o ObjectNaming) (string, error) {
	if o.ChunkID < 1 {
		return "", errors.New("rendering object key: chunk ids start at 1")
	}
	if !safeText(o.UUID) || !safeText(o.Suffix) {
		return "", errors.New("rendering object key: uuid and suffix are restricted to letters, digits, '-' and '_'")
	}
	if len(o.SourceRange) > MaxSourceRange || !safeText(strings.Map(dropRangeMarks, o.SourceRange)) {
		return "", fmt.Errorf("rendering object key: %q is not a source range", o.SourceRange)
	}
	stem, extension := l.split(path)
	key := make([]byte, 0, len(path)+l.fixedBytes+len(o.Suffix)+16)
	key = l.fill(key, stem, &o)
	if o.ChunkID > 1 && l.numbered {
		key = append(key, '-')
		key = appendPadded(key, o.ChunkID, chunkIDDigits)
	}
	if o.Suffix != "" {
		key = append(key, '-')
		key = append(key, o.Suffix...)
	}
	key = append(key, extension...)
	if len(key) > MaxKeyBytes {
		return "", keyTooLong(len(key))
	}
	return string(key), nil
}

// split cuts a path before its extension.
func (l *Layout) split(path string) (stem, extension string) {
	stem = strings.TrimSuffix(path, l.extension)
	return stem, path[len(stem):]
}

func (l *Layout) fill(dst []byte, text string, o *ObjectNaming) []byte {
	for i := range len(text) {
		if c := text[i]; c < 0x20 {
			dst = l.appendHole(dst, kind(c), o)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

func (l *Layout) appendHole(dst []byte, k kind, o *ObjectNaming) []byte {
	switch k {
	case kindTimestamp:
		return appendPadded(dst, int(max(o.Opened.Unix(), 0)), k.width())
	case kindClockHour:
		return appendPadded(dst, o.Opened.In(l.location).Hour(), 2)
	case kindClockMinute:
		return appendPadded(dst, o.Opened.In(l.location).Minute(), 2)
	case kindClockSecond:
		return appendPadded(dst, o.Opened.In(l.location).Second(), 2)
	case kindChunkID:
		return appendPadded(dst, o.ChunkID, chunkIDDigits)
	case kindSourceRange:
		return append(dst, o.SourceRange...)
	default:
		return append(dst, o.UUID...)
	}
}

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

// ListPrefix is the longest text with which every key of the path, the opening
// time and the source range starts, whatever its chunk id, uuid and suffix: the
// prefix to list when chunk ids are to continue.
func (l *Layout) ListPrefix(path string, o ObjectNaming) string {
	stem, _ := l.split(path)
	if end := strings.IndexFunc(stem, isObjectHole); end >= 0 {
		stem = stem[:end]
	}
	return string(l.fill(nil, stem, &o))
}

// isObjectHole holds for what differs between objects of one name: another
// source range is another name.
func isObjectHole(r rune) bool { return r == rune(kindChunkID) || r == rune(kindUUID) }

// ChunkIDOf recognises a key of the path, opening time and source range and
// returns its chunk id. A uuid may be any text without a slash. A name without a number,
// of a template without {{chunk_id}}, counts as 1. Keys that carry a suffix
// are not recognised: they are unique without a number.
func (l *Layout) ChunkIDOf(path string, o ObjectNaming, key string) (int, bool) {
	stem, extension := l.split(path)
	pattern := l.fillKnown(stem, &o)
	name, ok := strings.CutSuffix(key, extension)
	if !ok {
		return 0, false
	}
	if !l.numbered {
		id := matchKey(pattern, name, 0, "")
		return id, id > 0
	}
	if matchKey(pattern, name, 1, "") == 1 {
		return 1, true
	}
	dash := strings.LastIndexByte(name, '-')
	if dash < 0 || matchKey(pattern, name[:dash], 1, "") != 1 {
		return 0, false
	}
	id, rest := cutChunkID(name[dash+1:])
	if id < 2 || rest != "" {
		return 0, false
	}
	return id, true
}

// fillKnown fills the holes that are not those of chunk id and uuid.
func (l *Layout) fillKnown(stem string, o *ObjectNaming) []byte {
	var pattern []byte
	for i := range len(stem) {
		if c := stem[i]; c >= 0x20 || isObjectHole(rune(c)) {
			pattern = append(pattern, c)
		} else {
			pattern = l.appendHole(pattern, kind(c), o)
		}
	}
	return pattern
}

// matchKey returns the chunk id with which the pattern renders to the name, or
// 0. An id or uuid that is already known must be met again.
func matchKey(pattern []byte, name string, id int, uuid string) int {
	hole := bytes.IndexFunc(pattern, isObjectHole)
	if hole < 0 {
		if string(pattern) == name {
			return id
		}
		return 0
	}
	rest, ok := strings.CutPrefix(name, string(pattern[:hole]))
	if !ok {
		return 0
	}
	if kind(pattern[hole]) == kindUUID {
		return matchUUID(pattern[hole+1:], rest, id, uuid)
	}
	for end := chunkIDDigits; end <= len(rest); end++ {
		n, more := cutChunkID(rest[:end])
		if n == 0 || more != "" {
			break
		}
		if id != 0 && n != id {
			continue
		}
		if found := matchKey(pattern[hole+1:], rest[end:], n, uuid); found > 0 {
			return found
		}
	}
	return 0
}

func matchUUID(pattern []byte, name string, id int, uuid string) int {
	if uuid != "" {
		rest, ok := strings.CutPrefix(name, uuid)
		if !ok {
			return 0
		}
		return matchKey(pattern, rest, id, uuid)
	}
	for end := 1; end <= len(name) && name[end-1] != '/'; end++ {
		if found := matchKey(pattern, name[end:], id, name[:end]); found > 0 {
			return found
		}
	}
	return 0
}

// cutChunkID reads a chunk id as Key writes it: five digits, or more without a
// leading zero.
func cutChunkID(text string) (id int, rest string) {
	end := 0
	for end < len(text) && end < 18 && text[end] >= '0' && text[end] <= '9' {
		id = id*10 + int(text[end]-'0')
		end++
	}
	if end < chunkIDDigits || end > chunkIDDigits && text[0] == '0' {
		return 0, text
	}
	return id, text[end:]
}
