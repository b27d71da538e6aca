package parquet

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestBoundsSayWhetherTheyAreExact, also where those of one page are cut and those
// of another one are the same and not.
func TestBoundsSayWhetherTheyAreExact(t *testing.T) {
	prefix, next := strings.Repeat("x", 64), strings.Repeat("x", 63)+"y"
	for name, test := range map[string]struct {
		values   []string
		min, max bool
	}{
		"short":               {[]string{"a", "b"}, true, true},
		"as long as a bound":  {[]string{prefix, next}, true, true},
		"both cut":            {[]string{prefix + "a", prefix + "b"}, false, false},
		"the least is cut":    {[]string{prefix + "a", "z"}, false, true},
		"the greatest is cut": {[]string{"a", prefix + "a"}, true, false},
		"equal and exact":     {[]string{prefix + "a", prefix, next}, true, true},
		"the other way round": {[]string{next, prefix, prefix + "a"}, true, true},
	} {
		for _, perPage := range []int{1, len(test.values)} {
			f := &schema.Field{Name: "s", Type: schema.String}
			c := newColumn(f, &format.SchemaElement{Type: format.ByteArray}, []string{"s"}, 0, 0)
			c.reset()
			for i, v := range test.values {
				c.begin(i)
				c.addBytes(0, []byte(v))
			}
			s := pageStats{column: c}
			for i := 0; i < len(test.values); i += perPage {
				s.add(page{from: i, to: i + perPage, firstValue: i, endValue: i + perPage})
			}
			all := s.chunk()
			assert.Equal(t, []bool{test.min, test.max}, []bool{all.MinExact, all.MaxExact}, "%s, %d a page", name, perPage)
		}
	}
}
