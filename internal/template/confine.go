package template

import "unicode/utf8"

// DefaultPartition stands for an empty value, as in Hive: Athena, Spark and
// Hive read it back as null.
const DefaultPartition = "__HIVE_DEFAULT_PARTITION__"

const hexDigits = "0123456789ABCDEF"

// special marks the bytes of a value that need a closer look: those to encode
// and those outside ASCII.
var special = func() (table [256]bool) {
	for c := range table {
		table[c] = c < 0x20 || c >= 0x7F || c == '/' || c == '\\' || c == '%'
	}
	return table
}()

// appendConfined appends a value so that it stays within its place in the
// path; the package comment says what is encoded.
func appendConfined(dst, value []byte) []byte {
	switch string(value) {
	case "":
		return append(dst, DefaultPartition...)
	case ".":
		return append(dst, "%2E"...)
	case "..":
		return append(dst, "%2E%2E"...)
	}
	clean := 0
	for clean < len(value) && !special[value[clean]] {
		clean++
	}
	dst = append(dst, value[:clean]...)
	if clean == len(value) {
		return dst
	}
	return appendEncoded(dst, value[clean:])
}

// Confined is a value that stays within one place of a key. No two values become the
// same but for the empty one, which is [DefaultPartition].
func Confined(value string) string { return string(appendConfined(nil, []byte(value))) }

func appendEncoded(dst, value []byte) []byte {
	for i := 0; i < len(value); {
		c := value[i]
		if c < utf8.RuneSelf {
			if special[c] {
				dst = appendPercent(dst, c)
			} else {
				dst = append(dst, c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(value[i:])
		if invisible := r <= 0x9F || r == 0xFFFE || r == 0xFFFF; invisible || (r == utf8.RuneError && size == 1) {
			for _, b := range value[i : i+size] {
				dst = appendPercent(dst, b)
			}
		} else {
			dst = append(dst, value[i:i+size]...)
		}
		i += size
	}
	return dst
}

func appendPercent(dst []byte, c byte) []byte {
	return append(dst, '%', hexDigits[c>>4], hexDigits[c&0xF])
}

// disarm encodes one byte of the value path[from:to], the last one of a file
// name, when the stem that ends at stem would look like a numbered object
// ("-00002") of another partition. What follows moves along.
func disarm(path []byte, from, to, stem int) []byte {
	digits := stem
	for digits > 0 && isDigitLike(path[digits-1]) {
		digits--
	}
	if digits == 0 || path[digits-1] != '-' || renderedDigits(path[digits:stem]) < chunkIDDigits {
		return path
	}
	at := max(digits-1, from)
	if at >= min(to, stem) {
		return path // the template itself put the dash there: Compile saw to it
	}
	c := path[at]
	path = append(path, 0, 0)
	copy(path[at+3:], path[at+1:len(path)-2])
	path[at], path[at+1], path[at+2] = '%', hexDigits[c>>4], hexDigits[c&0xF]
	return path
}

// isDigitLike holds for digits and for holes that will be filled with digits.
func isDigitLike(c byte) bool {
	return c >= '0' && c <= '9' || c >= byte(kindTimestamp) && c <= byte(kindClockSecond)
}

func renderedDigits(text []byte) int {
	n := 0
	for _, c := range text {
		if c < 0x20 {
			n += kind(c).width()
		} else {
			n++
		}
	}
	return n
}
