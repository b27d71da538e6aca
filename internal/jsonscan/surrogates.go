package jsonscan

import "bytes"

// escapeLength is the length of an escape such as \ud83d.
const escapeLength = 6

// LoneSurrogates reports whether a document has an escape of half a character,
// such as \ud800 without its other half. JSON allows it, and stands for no text:
// many readers refuse the whole file that it is in.
func LoneSurrogates(doc []byte) bool { return loneSurrogate(doc, 0) < len(doc) }

// AppendReplaced appends a document with \ufffd, the replacement character, in
// the place of lone surrogates.
func AppendReplaced(dst, doc []byte) []byte {
	for from := 0; ; {
		at := loneSurrogate(doc, from)
		dst = append(dst, doc[from:at]...)
		if at == len(doc) {
			return dst
		}
		dst = append(dst, `\ufffd`...)
		from = at + escapeLength
	}
}

// loneSurrogate returns where the next lone surrogate from i on is, or the length
// of the document.
func loneSurrogate(doc []byte, i int) int {
	for i < len(doc) {
		n := bytes.IndexByte(doc[i:], '\\')
		if n < 0 {
			return len(doc)
		}
		i += n
		half := surrogate(doc[i:])
		switch {
		case half == 0:
			i += 2 // an escape of another kind, which may be that of a backslash
		case half == high && surrogate(doc[i+escapeLength:]) == low:
			i += 2 * escapeLength
		default:
			return i
		}
	}
	return len(doc)
}

const (
	high = 1
	low  = 2
)

// surrogate tells which half of a character the escape is that text begins with;
// 0 for any other text.
func surrogate(text []byte) int {
	if len(text) < escapeLength || text[0] != '\\' || text[1] != 'u' || text[2]|0x20 != 'd' {
		return 0
	}
	switch c := text[3] | 0x20; {
	case text[3] == '8' || text[3] == '9' || c == 'a' || c == 'b':
		return high
	case c >= 'c' && c <= 'f':
		return low
	}
	return 0
}
