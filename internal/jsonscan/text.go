package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote appends the content of the JSON string raw, which includes its
// quotes, to dst, with escapes resolved. Lone surrogates become U+FFFD.
func Unquote(dst, raw []byte) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return dst, syntaxError(raw, 0, "a string")
	}
	end, _, err := scanString(raw, 0)
	if err != nil {
		return dst, err
	}
	if end != len(raw) {
		return dst, syntaxError(raw, end, "the end of the string")
	}
	return AppendUnescaped(dst, raw[1:end-1]), nil
}

var unescaped = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// AppendUnescaped appends the text of a string to dst with its escapes
// resolved. The text must have been checked, as that of Cursor.Text was.
func AppendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		n := bytes.IndexByte(s[i:], '\\')
		if n < 0 {
			return append(dst, s[i:]...)
		}
		dst = append(dst, s[i:i+n]...)
		i += n
		if s[i+1] != 'u' {
			dst = append(dst, unescaped[s[i+1]])
			i += 2
			continue
		}
		r := codeUnit(s[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
				low = codeUnit(s[i+2:])
			}
			// DecodeRune yields U+FFFD for what is not a pair; then only the
			// first half is consumed and the second is looked at on its own.
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func codeUnit(s []byte) rune {
	return rune(unhex[s[0]])<<12 | rune(unhex[s[1]])<<8 | rune(unhex[s[2]])<<4 | rune(unhex[s[3]])
}

// AppendCompact appends the JSON text raw to dst without the white space
// between tokens. raw must be valid; strings and numbers keep their spelling.
func AppendCompact(dst, raw []byte) []byte {
	start := 0
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			i = stringEnd(raw, i)
		case c <= ' ':
			dst = append(dst, raw[start:i]...)
			i = skipSpace(raw, i+1)
			start = i
		default:
			i++
		}
	}
	return append(dst, raw[start:]...)
}

// stringEnd returns the index after the closing quote of the valid string at
// raw[i]; what is inside is not checked again.
func stringEnd(raw []byte, i int) int {
	i++
	for {
		i = plainEnd(raw, i)
		if i >= len(raw) {
			return len(raw)
		}
		switch raw[i] {
		case '"':
			return i + 1
		case '\\':
			i += 2
		default:
			i++
		}
	}
}

const hexDigits = "0123456789abcdef"

// AppendQuote appends s to dst as a JSON string. Bytes that are not valid
// UTF-8 become U+FFFD; nothing is escaped that RFC 8259 does not require.
func AppendQuote(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; ; {
		i = plainEnd(s, i)
		if i >= len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = utf8.AppendRune(dst, utf8.RuneError)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
