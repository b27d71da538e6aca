package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	for folder, want := range map[string]struct {
		fixed  int
		named  []string
		others int
	}{
		"": {}, "lake": {1, nil, 0}, "lake/orders/": {2, nil, 0},
		"lake/{{table}}/{{YYYY}}/{{MM}}":                     {2, nil, 2},
		"lake/t={{table}}/date={{YYYY}}-{{MM}}/land={{day}}": {2, []string{"date", "land"}, 0},
		"{{table}}/x{{day}}/a={{table}}":                     {1, []string{"a"}, 1},
		"={{day}}":                                           {0, nil, 1},
	} {
		l, err := Compile(Config{Folder: folder, FileName: "f-{{chunk_id}}", Extension: ".csv", Variables: []string{"table", "day"}})
		require.NoError(t, err)
		fixed, named, others := l.Split(func(name string) bool { return name == "table" })
		assert.Equal(t, want.fixed, fixed, folder)
		assert.Equal(t, want.named, named, folder)
		assert.Equal(t, want.others, others, folder)
	}
}
