package jsonscan

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrNotFound is returned by Find when the document has no value at the path.
var ErrNotFound = errors.New("no value at this path")

// SyntaxError says where a document stops being JSON, and why.
type SyntaxError struct {
	// Offset is the position of the offending byte, counted from 0. It is the
	// length of the document when the document ends too early.
	Offset int
	// Expected names what the grammar wants at Offset.
	Expected string
	// Found describes what is there instead.
	Found string
}

// Error describes the error for the producer of the document.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: expected %s, found %s", e.Offset, e.Expected, e.Found)
}

// syntaxError builds the error for position i; it is kept apart from the
// scanners so that their hot paths stay small.
//
//go:noinline
func syntaxError(doc []byte, i int, expected string) error {
	return &SyntaxError{Offset: i, Expected: expected, Found: describe(doc, i)}
}

func describe(doc []byte, i int) string {
	if i >= len(doc) {
		return "the end of the document"
	}
	r, n := utf8.DecodeRune(doc[i:])
	if r == utf8.RuneError && n <= 1 {
		return fmt.Sprintf("the byte 0x%02x, which is not valid UTF-8", doc[i])
	}
	return fmt.Sprintf("%q", r)
}
