package parquet

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// numbers are n values of which distinct differ, in no order.
func numbers(n, distinct int) []int64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]int64, n)
	for i := range out {
		if out[i] = int64(i); i >= distinct {
			out[i] = int64(r.IntN(distinct))
		}
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestNumbersGetADictionaryWhereItPays(t *testing.T) {
	tests := map[string]struct {
		n, distinct int
		ints        bool // integers get one
		doubles     bool
	}{
		"few values":                     {50_000, 10, true, true},
		"one value":                      {70_000, 1, true, true},
		"as many as pay at once":         {50_000, 4000, true, true},
		"many that come again":           {200_000, 20_000, true, true},
		"many that come again not often": {40_000, 20_000, false, true},
		"too many":                       {300_000, 100_000, false, false},
		"no value twice":                 {60_000, 60_000, false, false},
		"hardly any":                     {7, 1, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := builder{compressor: &compressor{codec: format.Zstd}}
			c := column{physical: format.Int64, ints: numbers(test.n, test.distinct)}
			for _, v := range c.ints {
				c.doubles = append(c.doubles, math.Float64frombits(uint64(v)))
			}
			check := func(pays bool, physical format.Type) {
				c.physical = physical
				l := b.layout(&c)
				if !pays {
					assert.Equal(t, format.Plain, l.encoding)
					return
				}
				require.Equal(t, format.RLEDictionary, l.encoding)
				assert.Equal(t, test.distinct, l.size)
				for i, id := range l.ids {
					if b.intDict[id] != c.ints[i] {
						require.Equal(t, c.ints[i], b.intDict[id], "value %d", i)
					}
				}
			}
			check(test.ints, format.Int64)
			check(test.doubles, format.Double)
		})
	}
}

// TestNumbersThatAreNotCompressedGetADictionaryWhereItIsSmaller, by however little.
func TestNumbersThatAreNotCompressedGetADictionaryWhereItIsSmaller(t *testing.T) {
	for distinct, want := range map[int]format.Encoding{20_000: format.RLEDictionary, 32_000: format.Plain} {
		b := builder{compressor: &compressor{codec: format.Uncompressed}}
		c := column{physical: format.Int64, ints: numbers(40_000, distinct)}
		assert.Equal(t, want, b.layout(&c).encoding, "%d integers", distinct)
		c.physical = format.Double
		for _, v := range c.ints {
			c.doubles = append(c.doubles, float64(v))
		}
		assert.Equal(t, want, b.layout(&c).encoding, "%d doubles", distinct)
	}
}

func TestZerosOfBothSignsAreTwoValues(t *testing.T) {
	b := builder{compressor: &compressor{codec: format.Zstd}}
	c := column{physical: format.Double}
	for range 10 {
		c.doubles = append(c.doubles, 0, math.Copysign(0, -1))
	}
	l := b.layout(&c)
	assert.Equal(t, 2, l.size)
	assert.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}, l.dictionary)
}
