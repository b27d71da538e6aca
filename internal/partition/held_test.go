package partition

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFolderColumns(t *testing.T) {
	variables := map[string]string{
		"country": `${! this.country }`, "day": "${! this.day }", "inner": `${! this.inner.day }`,
		"c": `${! this.country }`, "n": `${! json("n") }`, "upper": `${! json("upper").uppercase() }`, "meta": `${! @meta }`,
		"text": "text", "two": `${! json("two") }-x`,
	}
	for folder, want := range map[string][]string{
		"lake/country={{country}}/day={{ day }}":      {"country", "day"},
		"country={{country}}":                         {"country"},
		"lake/{{country}}":                            nil,
		"c={{c}}":                                     nil, // another name
		"country={{c}}":                               {"country"},
		"day={{inner}}/inner={{inner}}":               nil, // a field of a field
		"upper={{upper}}/meta={{meta}}/text={{text}}": nil, // another value
		"two={{two}}/country={{country}}-{{day}}":     nil, // not alone
		"day={{YYYY}}-{{MM}}-{{DD}}/day={{DD}}":       nil,
		"country={{unknown}}":                         nil,
		"":                                            nil,
	} {
		held, _ := FolderColumns(folder, variables)
		assert.Equal(t, want, held, folder)
	}
	held, rounded := FolderColumns("n={{n}}/country={{country}}", variables)
	assert.Equal(t, []string{"country"}, held)
	assert.Equal(t, []string{"n"}, rounded)
}
