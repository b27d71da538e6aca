package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestColumnsInTheBucketAreRead by every flavour that does not read all objects.
func TestColumnsInTheBucketAreRead(t *testing.T) {
	c := example()
	c.Columns = true
	for _, f := range []Flavour{Minimum, Recommended} {
		for _, k := range []Kind{KindRole, KindBucket} {
			d, err := Render(c, k, f)
			require.NoError(t, err)
			requireValid(t, d.JSON())
			assert.Contains(t, string(d.JSON()), `"Resource": "arn:aws:s3:::landing-zone/teams/orders/_schema/*"`, "%s %s", f, k)
			assert.Equal(t, 1, strings.Count(string(d.JSON()), "s3:GetObject"), "nothing else")
		}
	}
	d, err := Render(c, KindRole, Full)
	require.NoError(t, err)
	assert.NotContains(t, string(d.JSON()), "_schema")
	c.Columns = false
	d, err = Render(c, KindRole, Recommended)
	require.NoError(t, err)
	assert.NotContains(t, string(d.JSON()), "GetObject")
}
