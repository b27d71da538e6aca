package parquet

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// TestFirstBytesTellTheOrder: the bounds of texts are those of all of them.
func TestFirstBytesTellTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		c := &column{physical: format.ByteArray}
		c.reset()
		c.dropDict()
		var lo, hi []byte
		first, n := r.IntN(3), 4+r.IntN(20)
		for i := range n {
			v := make([]byte, r.IntN(12))
			for j := range v {
				v[j] = []byte{0, 1, 'a', 0xFF}[r.IntN(1+r.IntN(4))]
			}
			c.addBytes(0, v)
			switch {
			case i < first || i == n-1:
			case i == first:
				lo, hi = v, v
			case bytes.Compare(v, lo) < 0:
				lo = v
			case bytes.Compare(v, hi) > 0:
				hi = v
			}
		}
		gotLo, gotHi := c.plainBounds(first, n-1)
		require.Equal(t, string(lo), string(gotLo))
		require.Equal(t, string(hi), string(gotHi))
	}
}
