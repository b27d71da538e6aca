package patch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPatchesNameWhatTheyReplace(t *testing.T) {
	all, err := Parse("A comment.\n\n# breaks it\nfile toy.go\n--- before\nb.changed++\n--- after\n---\n\n# another\nfile toy.go\n--- before\nreturn false\n}\n--- after\nreturn true\n}\n---\n")
	require.NoError(t, err)
	require.Equal(t, []Patch{
		{Name: "breaks it", File: "toy.go", Before: "b.changed++"},
		{Name: "another", File: "toy.go", Before: "return false\n}", After: "return true\n}"},
	}, all)
	_, err = all[0].Apply("../testdata/toy")
	require.NoError(t, err)
	_, err = all[1].Apply("../testdata/toy")
	assert.ErrorContains(t, err, `toy.go: "another": the text to replace is there 0 times`, "white space counts")

	_, err = Parse("# no file\n--- before\na\n--- after\n---\n")
	assert.ErrorContains(t, err, "line 5 lacks a name, a file")
	_, err = Parse("# no end\nfile a\n--- before\na\n")
	assert.ErrorContains(t, err, "no end")
}
