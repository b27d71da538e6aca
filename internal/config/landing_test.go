package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The outbox of a spool writes what it need not sum.
func TestTheContentOfObjectsIsSummedForASpool(t *testing.T) {
	for settings, summed := range map[string]bool{
		"": false, "spool: {path: /s}\non_bad_record: drop\nfile_name: 'f-{{uuid}}'\n": true,
	} {
		conf, err := ParseYAML("bucket: b\nregion: eu-west-1\nfile_format: json\n" + settings)
		require.NoError(t, err)
		assert.Equal(t, summed, conf.Landing(nil).Sums)
	}
}
