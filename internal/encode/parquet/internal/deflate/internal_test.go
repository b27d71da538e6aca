package deflate

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSymbolsOfNumbers compares with the tables of RFC 1951, 3.2.5.
func TestSymbolsOfNumbers(t *testing.T) {
	for length, symbol := range map[int]int{3: 257, 4: 258, 10: 264, 11: 265, 12: 265, 13: 266, 18: 268, 19: 269, 114: 279, 115: 280, 130: 280, 131: 281, 226: 283, 227: 284, 257: 284, 258: 285} {
		assert.Equal(t, symbol, endOfBlock+1+int(lengthSymbols[match(length, 1).length()]), "a length of %d", length)
	}
	for distance, symbol := range map[int]uint8{1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 5, 9: 6, 12: 6, 13: 7, 256: 15, 257: 16, 24_576: 28, 24_577: 29, 32_768: 29} {
		assert.Equal(t, symbol, distanceSymbol(match(3, distance).distance()), "a distance of %d", distance)
	}
}

// TestCodesAreCompleteAndShort, however rare a symbol is: some readers refuse others.
func TestCodesAreCompleteAndShort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 800 {
		h := newHuffman(2 + r.IntN(symbols-1))
		counts := make([]uint32, len(h.codes))
		next := uint32(1)
		for i := range counts {
			switch r.IntN(3) {
			case 0:
				counts[i] = uint32(r.IntN(1 << r.IntN(20)))
			case 1: // as few as make the longest codes
				counts[i] = next
				if next < 1<<26 {
					next += next/2 + 1
				}
			}
		}
		longest := shortCode + r.IntN(longCode-shortCode+1)
		if len(counts) > 1<<longest {
			longest = longCode
		}
		h.build(counts, longest)
		room := 0
		for s, size := range h.sizes {
			require.LessOrEqual(t, int(size), longest)
			if counts[s] > 0 {
				require.Positive(t, size)
			}
			if size > 0 {
				room += 1 << (longest - int(size))
			}
		}
		require.Equal(t, 1<<longest, room)
	}
}

// TestFrequentSymbolsHaveShortCodes: a code takes at most a bit more than it must.
func TestFrequentSymbolsHaveShortCodes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		h, counts := newHuffman(symbols), make([]uint32, symbols)
		total := uint32(0)
		for i := range counts {
			counts[i] = uint32(r.IntN(1 << r.IntN(12)))
			total += counts[i]
		}
		h.build(counts, longCode)
		assert.Less(t, float64(h.cost(counts)), entropy(counts)+0.1*float64(total))
	}
}

// TestPlacesOfPagesBeforeAreNoPlaces: tables are not emptied between pages, and their
// places have no end.
func TestPlacesOfPagesBeforeAreNoPlaces(t *testing.T) {
	r, e := rand.New(rand.NewPCG(1, 1)), New(LeastLevel)
	for _, base := range []int32{0, math.MaxInt32 - 100_000, math.MaxInt32 - 20_000} {
		e.places.base = max(e.places.base, base)
		for range 4 {
			page := make([]byte, 20_000)
			for i := range page {
				page[i] = byte(r.IntN(3))
			}
			z, err := gzip.NewReader(bytes.NewReader(e.Append(nil, page)))
			require.NoError(t, err)
			got, err := io.ReadAll(z)
			require.NoError(t, err)
			require.True(t, bytes.Equal(page, got))
		}
	}
	assert.Less(t, e.places.base, int32(1<<20))
}
