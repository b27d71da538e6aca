package parquet

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDictionaryGivesEqualValuesEqualIDs(t *testing.T) {
	values := []string{"", "\x00", "\x00\x00", "a", "a\x00", "a\x00\x00", "ab", "aba", "aca", "abcd", "abcd\x00", "abcdabcd", "abcdabcde"}
	for n := range 40 {
		values = append(values, strings.Repeat("x", n), strings.Repeat("x", n)+"y", "y"+strings.Repeat("x", n))
	}
	for n := range 3000 {
		values = append(values, fmt.Sprint(n), fmt.Sprintf("a value of more than sixteen bytes %d", n))
	}
	random := rand.New(rand.NewPCG(1, 2))
	var d dictionary
	for range 3 {
		d.reset()
		ids, uses := map[string]int32{}, []string{}
		for range 20_000 {
			if len(uses) > 0 && random.IntN(500) == 0 { // the last rows are taken back
				uses = uses[:len(uses)-random.IntN(min(len(uses), 300))]
				d.forget(len(uses))
				ids = map[string]int32{}
				for _, v := range uses {
					if _, known := ids[v]; !known {
						ids[v] = int32(len(ids))
					}
				}
			}
			v := values[random.IntN(random.IntN(len(values))+1)]
			want, known := ids[v]
			if !known {
				want = int32(len(ids))
				ids[v] = want
			}
			id, at := d.find([]byte(v))
			require.Equal(t, known, id >= 0, "%q", v)
			if !known {
				id = d.add([]byte(v), len(uses), at)
			}
			uses = append(uses, v)
			require.Equal(t, want, id, "%q", v)
			require.Equal(t, v, string(d.value(id)))
			require.Equal(t, len(ids), d.len())
		}
	}
}
