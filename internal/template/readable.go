package template

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Readable is a partition path, or any key, as messages, logs and metrics show
// it: what differs from object to object appears as its placeholder, and
// whatever does not print is percent-encoded.
func Readable(path string) string {
	if !strings.ContainsFunc(path, unprintable) {
		return path
	}
	text := make([]byte, 0, len(path)+uuidBytes)
	for i := 0; i < len(path); {
		r, size := utf8.DecodeRuneInString(path[i:])
		switch {
		case r > 0 && r <= rune(kindSourceRange):
			text = append(text, "{{"+holeNames[r]+"}}"...)
		case unprintable(r) && (r != utf8.RuneError || size == 1):
			for _, c := range []byte(path[i : i+size]) {
				text = appendPercent(text, c)
			}
		default:
			text = append(text, path[i:i+size]...)
		}
		i += size
	}
	return string(text)
}

// unprintable holds for what could disturb a line of text: control characters,
// those that change the direction of writing, and separators of lines.
// utf8.RuneError may stand for a byte that is not UTF-8.
func unprintable(r rune) bool {
	return r == utf8.RuneError || r != ' ' && !unicode.IsPrint(r)
}

// holeNames are the placeholders by the bytes that mark their holes.
var holeNames = func() (names [kindSourceRange + 1]string) {
	for name, k := range builtins {
		if k.isHole() {
			names[k] = name
		}
	}
	return names
}()
