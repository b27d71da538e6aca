package inspect

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file that is no YAML has one mistake, because nobody sees the others.
func TestWhatCannotBeReadIsNoBetter(t *testing.T) {
	before, err := ReadText("x.yaml", "input: {stdn: {}}\noutput: {dropp: {}}\n")
	require.NoError(t, err)
	for _, text := range []string{"input: [stdin: {}}\n", "", "input: {stdin: {}}\ninput: {stdin: {}}\noutput: {drop: {}}\n"} {
		after, err := ReadText("x.yaml", text)
		require.NoError(t, err)
		assert.Less(t, len(after.Mistakes()), len(before.Mistakes()), text)
		assert.False(t, better(before, after), text)
	}
	after, err := ReadText("x.yaml", "input: {stdin: {}}\noutput: {dropp: {}}\n")
	require.NoError(t, err)
	assert.True(t, better(before, after))
}
