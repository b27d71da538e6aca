package unfilled

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAllBytesAreThere(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 100, 4096, 1<<20 + 1} {
		b := Bytes(n)
		assert.Len(t, b, n)
		for i := range b {
			b[i] = byte(i)
		}
		other := Bytes(n)
		for i := range other {
			other[i] = 0xff
		}
		for i := range b {
			if b[i] != byte(i) {
				t.Fatalf("byte %d of %d belongs to others, too", i, n)
			}
		}
	}
}
