package template

import (
	"strings"
	"unicode/utf8"
)

// Seek says how to list the keys of a name from a number on: those that begin
// with prefix and sort after the key after. The first of them is the key of
// that number, where it exists; those of higher numbers follow, in no simple
// order once numbers have outgrown five digits, and among keys of other names
// where text follows the number. It is of no use for names with a uuid.
func (n Name) Seek(number int) (prefix, after string) {
	key := string(n.appendStem(nil, number, "")) + n.extension
	switch hole := strings.IndexByte(n.stem, byte(kindChunkID)); {
	case hole >= 0:
		prefix = n.stem[:hole]
	case number > 1:
		prefix = n.stem + "-"
	default: // the first name lacks a number, and may sort after the others
		prefix = n.stem
	}
	return prefix, before(key)
}

// before returns a text that sorts before key, and with little between them:
// the last character is lowered, and followed by the last printable one. What is
// beyond ASCII is cut off instead, since the character before may be one that no
// request can carry.
func before(key string) string {
	_, size := utf8.DecodeLastRuneInString(key)
	head := key[:len(key)-size]
	if last := key[len(head)]; size == 1 && last > ' ' {
		return head + string(rune(last-1)) + "~"
	}
	return head
}

// Number recognises a key of the name and returns its number. A key without
// one, of a template without {{chunk_id}}, counts as 1. Keys that carry a suffix
// or a uuid are not recognised: they are unique without a number. Numbers above
// [MaxNumber] are taken for something else.
func (n Name) Number(key string) (number int, ok bool) {
	stem, ok := strings.CutSuffix(key, n.extension)
	if !ok {
		return 0, false
	}
	if !n.appended {
		number = matchNumber(n.stem, stem, 0)
		return number, number > 0
	}
	if stem == n.stem {
		return 1, true
	}
	digits, ok := strings.CutPrefix(stem, n.stem+"-")
	if !ok {
		return 0, false
	}
	number, rest := cutChunkID(digits)
	if number < 2 || rest != "" {
		return 0, false
	}
	return number, true
}

// matchNumber returns the number with which the pattern renders to the text, or
// 0. One that is already known must be met again.
func matchNumber(pattern, text string, known int) int {
	head, tail, found := strings.Cut(pattern, string(rune(kindChunkID)))
	if !found {
		if pattern == text {
			return known
		}
		return 0
	}
	text, ok := strings.CutPrefix(text, head)
	if !ok {
		return 0
	}
	for end := chunkIDDigits; end <= min(len(text), maxNumberDigits); end++ {
		number, more := cutChunkID(text[:end])
		if number == 0 || more != "" {
			break
		}
		if known != 0 && number != known {
			continue
		}
		if match := matchNumber(tail, text[end:], number); match > 0 {
			return match
		}
	}
	return 0
}

// cutChunkID reads a chunk id as Key writes it: five digits, or more without a
// leading zero.
func cutChunkID(text string) (id int, rest string) {
	end := 0
	for end < len(text) && end <= maxNumberDigits && text[end] >= '0' && text[end] <= '9' {
		id = id*10 + int(text[end]-'0')
		end++
	}
	if end < chunkIDDigits || end > maxNumberDigits || end > chunkIDDigits && text[0] == '0' {
		return 0, text
	}
	return id, text[end:]
}
