package encodetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// Maps are records with objects whose names are data, and what readers must see.
var Maps = []Case{
	{
		Name: "values, nulls and nothing",
		Docs: []string{`{"m":{"a":1,"b":2},"id":1}`, `{"m":{"c":null},"id":2}`, `{"m":{},"id":3}`, `{"m":null,"id":4}`, `{"id":5}`, `{"id":6,"m":{"":6,"é\u00e9~/":7}}`},
		Want: []string{
			`{"m":{"a":1,"b":2},"id":1}`, `{"m":{"c":null},"id":2}`, `{"m":{},"id":3}`, `{"m":null,"id":4}`, `{"m":null,"id":5}`,
			`{"m":{"":6,"éé~/":7},"id":6}`,
		},
	},
	{
		Name: "a key that is there twice: the last counts",
		Docs: []string{`{"m":{"a":"x","b":2,"\u0061":3},"n":1}`, `{"m":{"a":1},"n":2,"m":{"b":5}}`},
		Want: []string{`{"m":{"a":3,"b":2},"n":1}`, `{"m":{"b":5},"n":2}`},
	},
	{
		Name: "the same key in two maps",
		Docs: []string{`{"m":{"a":1,"b":2},"l":[{"a":1},{"a":2,"b":3},{},null]}`},
		Want: []string{`{"m":{"a":1,"b":2},"l":[{"a":1},{"a":2,"b":3},{},null]}`},
	},
}

// MapFields declare what the records of Maps have.
func MapFields() []schema.FieldConfig {
	values := &schema.FieldConfig{Type: "int64", Optional: true}
	m := schema.FieldConfig{Name: "m", Type: "map", Optional: true, Values: values}
	return []schema.FieldConfig{
		m,
		{Name: "id", Type: "int64", Optional: true},
		{Name: "n", Type: "int64", Optional: true},
		{Name: "l", Type: "list", Optional: true, Items: &schema.FieldConfig{Type: "map", Optional: true, Values: values}},
	}
}

// NestedMaps are records where maps hold maps, lists and groups.
var NestedMaps = []string{
	`{"m":{"a":{"x":[1,2],"y":{"k":1}},"b":null,"c":{"x":[],"y":{}}},"z":1}`,
	`{"m":{"d":{"x":[null,3],"y":{"k":null,"l":2,"m":3}}},"z":2}`,
	`{"m":{"e":{"x":null,"y":null}},"z":3}`,
}

// NestedMapFields declare what the records of NestedMaps have.
func NestedMapFields() []schema.FieldConfig {
	number := &schema.FieldConfig{Type: "int64", Optional: true}
	return []schema.FieldConfig{
		{Name: "m", Type: "map", Optional: true, Values: &schema.FieldConfig{Type: "group", Optional: true, Fields: []schema.FieldConfig{
			{Name: "x", Type: "list", Optional: true, Items: number}, {Name: "y", Type: "map", Optional: true, Values: number},
		}}},
		{Name: "z", Type: "int64", Optional: true},
	}
}

// RequireSparse demands that rows are those of JSON texts, as far as they are not
// null: a null of a row need not be in its text.
func RequireSparse(t *testing.T, want []string, rows []map[string]any) {
	t.Helper()
	require.Len(t, rows, len(want))
	for i, row := range rows {
		for name, v := range row {
			if v == nil && !strings.Contains(want[i], `"`+name+`":null`) {
				delete(row, name)
			}
		}
		assert.JSONEq(t, want[i], JSON(row))
	}
}
