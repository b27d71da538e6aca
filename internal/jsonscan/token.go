package jsonscan

import "unsafe"

// word is how many bytes a register holds.
const word = 8

// Token is a field name as writers without white space produce it, quotes and colon
// included. Its first and its last eight bytes are compared with a document as
// numbers, which is all of most names: that takes less than calling a comparison.
type Token struct {
	text       string
	head, tail uint64
	mask       uint64 // of the bytes that count, where there are fewer than eight
	last       int    // where the last eight begin
}

// FieldToken returns the token of a name.
func FieldToken(name []byte) Token {
	return tokenOf(append(AppendQuote(make([]byte, 0, len(name)+3), name), ':'))
}

// rawToken returns the token of a name as a document spells it.
func rawToken(spelled []byte) Token {
	text := append(make([]byte, 0, len(spelled)+3), '"')
	return tokenOf(append(append(text, spelled...), '"', ':'))
}

func tokenOf(text []byte) Token {
	t := Token{text: string(text), last: max(0, len(text)-word)}
	var mask [word]byte
	for i := range min(len(text), word) {
		mask[i] = 0xFF
	}
	text = append(text, make([]byte, max(0, word-len(text)))...)
	t.head, t.tail, t.mask = load(text, 0), load(text, t.last), load(mask[:], 0)
	return t
}

// load reads the eight bytes at p[i:], which the caller knows to be there.
func load(p []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p)), i)) //nolint:gosec // saves two comparisons for each field of each record
}

// quick reports whether the document continues with the token at i, of at most sixteen
// bytes and not at the end of the document. For others it is false, and slow tells.
func (t *Token) quick(doc []byte, i int) bool {
	return t.last <= word && i+t.last <= len(doc)-word &&
		((load(doc, i)^t.head)|(load(doc, i+t.last)^t.tail))&t.mask == 0
}

// slow is quick for the tokens that it is not for.
func (t *Token) slow(doc []byte, i int) bool {
	return (t.last > word || i+t.last > len(doc)-word) && len(doc)-i >= len(t.text) && string(doc[i:i+len(t.text)]) == t.text
}
