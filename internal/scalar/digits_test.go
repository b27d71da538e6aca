package scalar_test

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// TestGivesBack compares with rational numbers: a double gives a number back when
// its shortest text is the same number.
func TestGivesBack(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number")
		if rapid.Bool().Draw(t, "of a double") {
			text = strconv.FormatFloat(rapid.Float64().Draw(t, "double"), 'g', -1, 64)
		}
		v, ok := scalar.Double([]byte(text))
		if !ok {
			return
		}
		want, _ := new(big.Rat).SetString(text)
		got, _ := new(big.Rat).SetString(strconv.FormatFloat(v, 'g', -1, 64))
		require.Equal(t, want.Cmp(got) == 0, scalar.GivesBack(v, []byte(text)), text)
	})
}

// TestScaled compares with rational numbers, rounded down.
func TestScaled(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?(e-?[0-9])?`).Draw(t, "number")
		digits := rapid.IntRange(-3, 6).Draw(t, "digits")
		exact, _ := new(big.Rat).SetString(text)
		exponent, _ := new(big.Rat).SetString("1e" + strconv.Itoa(digits))
		exact.Mul(exact, exponent)
		want := new(big.Int).Div(exact.Num(), exact.Denom()) // Euclidean: down, for a positive divisor
		v, ok := scalar.Scaled([]byte(text), digits)
		require.Equal(t, want.IsInt64(), ok, text)
		if ok {
			require.Equal(t, want.Int64(), v, "%s e%d", text, digits)
		}
	})
}

func TestNegativeZero(t *testing.T) {
	for text, want := range map[string]bool{"-0": true, "-0.00": true, "-0e5": true, "0": false, "-1": false, "-0.01": false, "-": false} {
		require.Equal(t, want, scalar.NegativeZero([]byte(text)), text)
		require.Equal(t, want, strings.HasPrefix(text, "-0") && scalar.NegativeZero([]byte(text)), text)
	}
}
