package jsonscan

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDigitsEndWhereTheyDo: runs of digits of all lengths, before each other byte, at
// the end of a document and inside of it.
func TestDigitsEndWhereTheyDo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for length := range mostDigits + 1 {
		for other := range 256 {
			if '0' <= other && other <= '9' {
				continue
			}
			text := make([]byte, length)
			for i := range text {
				text[i] = byte('0' + r.IntN(10))
			}
			want := uint64(0)
			if length > 0 {
				var err error
				want, err = strconv.ParseUint(string(text), 10, 64)
				require.NoError(t, err)
			}
			for behind := range 20 {
				doc := append(append([]byte("x"), text...), byte(other))
				for range behind {
					doc = append(doc, byte('0'+r.IntN(10)))
				}
				if behind == 0 {
					doc = doc[:1+length]
				}
				got, end := digits(doc, 1, 0)
				require.Equal(t, want, got, "%q", doc)
				require.Equal(t, 1+length, end, "%q", doc)
				require.Equal(t, end, skipDigits(doc, 1), "%q", doc)
			}
		}
	}
}

// TestNumbersAreTakenOrLeft: TryNumber takes what Number does, and leaves the rest.
func TestNumbersAreTakenOrLeft(t *testing.T) {
	for _, doc := range []string{"0", "-1", "12.5e-3,", "1e400", "123456789012345678901234567890 ", "01", "-", "1.", "1e", "x", "", `"1"`, "1.5.5"} {
		var quick, thorough Cursor
		quick.Reset([]byte(doc))
		thorough.Reset([]byte(doc))
		want, err := thorough.Number()
		got, ok := quick.TryNumber()
		require.Equal(t, err == nil, ok, doc)
		require.Equal(t, string(want), string(got), doc)
		require.Equal(t, thorough.Offset(), quick.Offset(), doc)
	}
}
