// Package unfilled has memory that nothing was written to: to fill it with zeros is a
// part of what memory costs, and is for nothing where all of it is written before it is
// read.
package unfilled

import (
	"strings"
	"unsafe"
)

// Bytes returns n bytes, which hold anything.
func Bytes(n int) []byte {
	if n == 0 {
		return nil
	}
	var b strings.Builder // the way of the standard library to such memory
	b.Grow(n)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), n) //nolint:gosec // nobody has the string
}
