package best

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

type numbered struct{ value, place int }

func TestBestAreTheHeadOfWhatIsSorted(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(0, 8).Draw(t, "most")
		values := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 40).Draw(t, "values")
		kept := New(most, func(a, b numbered) bool { return a.value < b.value })
		all := make([]numbered, 0, len(values))
		for place, value := range values {
			all = append(all, numbered{value, place})
			kept.Offer(numbered{value, place})
		}
		slices.SortStableFunc(all, func(a, b numbered) int { return cmp.Compare(a.value, b.value) })
		assert.Equal(t, all[:min(most, len(all))], kept.All(), "of equals those that came first")
	})
}

func TestTogetherHasNoneTwice(t *testing.T) {
	assert.Equal(t, []int{3, 1, 2}, Together([]int{3, 1}, []int{1, 2, 3}))
	assert.Empty(t, Together[int](nil, nil))
}
