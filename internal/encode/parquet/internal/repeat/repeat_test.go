package repeat_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/repeat"
)

// TestLengthIsThatOfAComparisonByteByByte takes all pairs of places of short texts that
// repeat a lot: matches end at every offset of a word, at the end of the text, and in
// themselves.
func TestLengthIsThatOfAComparisonByteByByte(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for size := range 64 {
		src := make([]byte, size)
		for i := range src {
			src[i] = byte(r.IntN(16) / 15)
		}
		for place := range size {
			for other := range place {
				want := 0
				for place+want < size && src[place+want] == src[other+want] {
					want++
				}
				require.Equal(t, want, repeat.Length(src, place, other), "%v at %d and %d", src, place, other)
			}
		}
	}
}
