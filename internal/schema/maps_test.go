package schema_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// object is a document with an object of n names, all with the same value.
func object(field string, n int, value string) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = fmt.Sprintf(`"k%d":%s`, i, value)
	}
	return fmt.Sprintf(`{%q:{%s}}`, field, strings.Join(entries, ","))
}

func TestManyNamesAreData(t *testing.T) {
	tests := []struct {
		name string
		docs []string
		want string
	}{
		{"as many as may be", []string{object("o", 3, "1")}, "o {k0 int64, k1 int64, k2 int64}"},
		{"one more", []string{object("o", 4, "1")}, "o map[int64]"},
		{"in several records", []string{`{"o":{"a":1,"b":2.5}}`, `{"o":{"c":3,"d":null}}`, `{"o":{"e":4}}`}, "o map[double]"},
		{"names without a value do not count", []string{`{"o":{"a":1,"b":null,"c":[],"d":{},"e":{"x":null}}}`}, "o {a int64}"},
		{"the record itself has columns", []string{`{"a":1,"b":1,"c":1,"d":1,"e":1}`}, "a int64, b int64, c int64, d int64, e int64"},
		{"values of several sorts", []string{`{"o":{"a":1,"b":"x","c":[1],"d":true}}`}, "o map[string]"},
		{"values that are objects", []string{`{"o":{"a":{"x":1},"b":{"y":"s"},"c":{"x":1.5},"d":{}}}`, `{"o":{"e":{"z":true}}}`}, "o map[{x double, y string, z bool}]"},
		{"values that are lists", []string{`{"o":{"a":[1],"b":[2.5],"c":[],"d":[3],"e":[null]}}`, `{"o":{"f":[4]}}`}, "o map[[double]]"},
		{"values that are mixed lists", []string{`{"o":{"a":[1],"b":["x"],"c":[1],"d":[2]}}`}, "o map[json]"},
		{"values with many names", []string{`{"o":{"a":{"p":1},"b":{"q":1},"c":{"r":1},"d":{"s":1}}}`}, "o map[map[int64]]"},
		{"maps and groups in maps", []string{`{"o":{"a":{"p":1,"q":1,"r":1,"s":1},"b":{"q":2.5},"c":{"r":1},"d":{"s":1}}}`}, "o map[map[double]]"},
		{"in a list", []string{`{"l":[{"a":1,"b":1},{"c":1,"d":1}]}`}, "l [map[int64]]"},
		{"in a group", []string{`{"g":{"n":1,"o":{"a":1,"b":2,"c":3,"d":4}}}`}, "g {n int64, o map[int64]}"},
		{"beyond what a double holds", []string{`{"o":{"a":1,"b":9007199254740993}}`, `{"o":{"c":1,"d":1}}`, `{"o":{"e":1.5}}`}, "o map[string]"},
		{"mixed lists of earlier records", []string{`{"o":{"a":[1]}}`, `{"o":{"b":["x"]}}`, `{"o":{"c":["y"],"d":["z"]}}`}, "o map[json]"},
		{"groups and then maps", []string{`{"o":{"a":{"p":1}}}`, `{"o":{"b":{"q":1,"r":1,"s":1,"t":1}}}`, `{"o":{"c":{},"d":{"u":2.5},"e":{"v":1}}}`}, "o map[map[double]]"},
		{"and then another sort", []string{object("o", 4, "1"), `{"o":[1]}`}, "o string"},
		{"names that differ only in case", []string{`{"o":{"a":1,"A":2,"b":3,"B":4}}`}, "o map[int64]"},
		{"a name twice: the last counts", []string{`{"o":{"a":"x","b":1,"c":1,"d":1,"e":1,"a":7}}`}, "o map[int64]"},
		{"a refused record", []string{object("o", 3, "1"), object("o", 9, "1") + "x"}, "o {k0 int64, k1 int64, k2 int64}"},
		{"more than there may be columns", []string{object("o", 400, "1"), `{"n":1}`}, "o map[int64], n int64"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := schema.Config{InferMaps: 3, MaxColumns: 6}
			assert.Equal(t, test.want, show(learn(memory(t, config), records(test.docs...)).Fields))
			m := memory(t, config)
			for _, doc := range test.docs {
				learn(m, records(doc))
			}
			assert.Equal(t, test.want, show(m.Schema().Fields), "one after the other")
		})
	}
	assert.Equal(t, "o {"+strings.TrimSuffix(strings.Repeat("k int64, ", 9), ", ")+"}",
		strings.NewReplacer("k0", "k", "k1", "k", "k2", "k", "k3", "k", "k4", "k", "k5", "k", "k6", "k", "k7", "k", "k8", "k").
			Replace(show(learn(memory(t, schema.Config{}), records(object("o", 9, "1"))).Fields)), "0 never makes maps")
}

func TestMapsOfParsedRecords(t *testing.T) {
	parsed := func(values ...any) (out []record.Record) {
		for _, v := range values {
			out = append(out, record.Record{Value: map[string]any{"o": v}})
		}
		return out
	}
	m := memory(t, schema.Config{InferMaps: 2})
	s := learn(m, parsed(map[string]any{"a": 1, "b": 2}, map[string]any{"c": 2.5}, map[string]any{}, nil))
	assert.Equal(t, "o map[double]", show(s.Fields))
	before := m.Schema()
	assert.Same(t, before, learn(m, parsed(map[string]any{"\xff": "x", "\xfe": 1})), "names that are the same once they are text")
	assert.Equal(t, "o map[string]", show(learn(m, parsed(map[string]any{"\xff": "x"})).Fields))
}

func TestMapsKeepTheirPlaceAndOutliveTheProcess(t *testing.T) {
	c := schema.Config{State: filepath.Join(t.TempDir(), "columns.json"), InferMaps: 2, FieldIDs: true}
	var w watcher
	r := started(t, c)
	r.Observe(&w)
	m := dataset(t, r, "")
	learn(m, records(`{"o":{"a":{"x":1}},"n":1}`))
	w.changes = nil
	s := learn(m, records(`{"o":{"b":{"x":1},"c":{"y":1}}}`))
	assert.Equal(t, "o map[{x int64, y int64}], n int64", show(s.Fields))
	assert.Equal(t, []schema.Change{{Column: "o", From: "group", To: "map of group"}}, w.changes)
	o := &s.Fields[0]
	ids := []int{o.ID, s.Fields[1].ID, o.KeyID, o.Elem.ID, o.Elem.Fields[0].ID, o.Elem.Fields[1].ID}
	assert.Equal(t, []int{1, 2, 5, 6, 7, 8}, ids, "what a map holds are other fields")

	again := dataset(t, started(t, c), "").Schema()
	assert.Equal(t, s.Fingerprint(), again.Fingerprint())
	s = learn(dataset(t, started(t, c), ""), records(`{"o":{"d":{"x":2.5}}}`))
	assert.Equal(t, "o map[{x double, y int64}], n int64", show(s.Fields))
	assert.Equal(t, 3, s.Leaves())
}

func TestDeclaredMaps(t *testing.T) {
	c := schema.Config{
		Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen, InferMaps: 2,
		State: filepath.Join(t.TempDir(), "columns.json"),
		Fields: []schema.FieldConfig{
			{Name: "m", Type: "map", Optional: true, Values: &schema.FieldConfig{Type: "int32", Optional: true}},
			{Name: "g", Type: "group", Optional: true, Fields: []schema.FieldConfig{{Name: "x", Type: "int64", Optional: true}}},
		},
	}
	s := learn(dataset(t, started(t, c), ""), records(`{"m":{"a":1,"b":5000000000},"g":{"x":1,"y":1,"z":1,"w":1}}`))
	want := "m map[int64], g {x int64, y int64, z int64, w int64}"
	assert.Equal(t, want, show(s.Fields), "a declared group stays one")
	assert.Equal(t, want, show(dataset(t, started(t, c), "").Schema().Fields), "what has become wider stays so")
	c.OnTypeMismatch = schema.Reject
	assert.Contains(t, show(dataset(t, started(t, c), "").Schema().Fields), "m map[int32]", "unless columns are not to widen")

	c.State = ""
	m := memory(t, c)
	before := m.Schema()
	for _, doc := range []string{`{"m":{"a":"x"}}`, `{"m":[1]}`, `{"m":1}`} {
		assert.Same(t, before, learn(m, records(doc)), doc)
	}
	assert.Same(t, before, learn(m, records(`{"m":{"a":1,"b":null},"g":null}`, `{"m":{}}`)))
	s = learn(m, records(`{"new":{"a":1,"b":1,"c":1}}`))
	assert.Contains(t, show(s.Fields), "new {a int64, b int64, c int64}", "columns that are not widened do not become maps")
}

func TestMapsOfConnect(t *testing.T) {
	fields, err := schema.FromCommon(map[string]any{"type": "OBJECT", "children": []any{
		map[string]any{"name": "m", "type": "MAP", "children": []any{map[string]any{"type": "INT64"}}},
		map[string]any{"name": "any", "type": "MAP"},
		map[string]any{"name": "choices", "type": "ARRAY", "children": []any{map[string]any{
			"type": "UNION", "children": []any{map[string]any{"type": "NULL"}, map[string]any{"type": "STRING"}, map[string]any{"type": "INT64"}},
		}}},
		map[string]any{"name": "optional", "type": "ARRAY", "children": []any{map[string]any{
			"type": "UNION", "children": []any{map[string]any{"type": "NULL"}, map[string]any{"type": "STRING"}},
		}}},
	}})
	require.NoError(t, err)
	assert.Equal(t, "m map[int64!]!, any json!, choices [json]!, optional [string]!", show(fields))
}

// sorted is a type with the fields of groups in the order of their names.
func sorted(f *schema.Field) string {
	switch f.Type { //nolint:exhaustive // the others have no members
	case schema.Group:
		members := make([]string, len(f.Fields))
		for i := range f.Fields {
			members[i] = f.Fields[i].Name + " " + sorted(&f.Fields[i])
		}
		slices.Sort(members)
		return "{" + strings.Join(members, ", ") + "}"
	case schema.List:
		return "[" + sorted(f.Elem) + "]"
	case schema.Map:
		return "map[" + sorted(f.Elem) + "]"
	}
	return f.Type.String()
}

// TestMapsDoNotDependOnOrder: in whatever order records come, and however they
// are divided, columns become the same.
func TestMapsDoNotDependOnOrder(t *testing.T) {
	scalars := []string{`1`, `2.5`, `null`, `{}`, `[]`, `[1]`, `[2.5]`}
	property.Check(t, func(t *rapid.T) {
		var draw func(depth int) string
		draw = func(depth int) string {
			if depth == 0 || rapid.IntRange(0, 2).Draw(t, "scalar") == 0 {
				return rapid.SampledFrom(scalars).Draw(t, "value")
			}
			var entries []string
			for _, name := range []string{"a", "b", "c", "d"} {
				if rapid.Bool().Draw(t, "has") {
					entries = append(entries, fmt.Sprintf("%q:%s", name, draw(depth-1)))
				}
			}
			return "{" + strings.Join(entries, ",") + "}"
		}
		var docs []string
		for range rapid.IntRange(1, 5).Draw(t, "records") {
			docs = append(docs, `{"o":`+draw(3)+`}`)
		}
		config := schema.Config{InferMaps: 2}
		learned := func(docs []string, together bool) string {
			r, err := schema.New(config)
			require.NoError(t, err)
			m, err := r.For(&record.Record{})
			require.NoError(t, err)
			if together {
				m.Learn(m.Schema(), records(docs...))
			} else {
				for _, doc := range docs {
					m.Learn(m.Schema(), records(doc))
				}
			}
			s := m.Schema()
			if len(s.Fields) == 1 && s.Fields[0].Name == "o" {
				return sorted(&s.Fields[0])
			}
			return show(s.Fields)
		}
		want := learned(docs, true)
		got := learned(docs, false)
		if want != got && !strings.Contains(got, "rescued") {
			require.Equal(t, want, got, "%s", docs)
		}
		slices.Reverse(docs)
		require.Equal(t, want, learned(docs, true), "%s", docs)
	})
}
