package schema_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// numbers shows fields with theirs.
func numbers(fields []schema.Field) string {
	var all []string
	for i := range fields {
		f := &fields[i]
		s := f.Name + "=" + strconv.Itoa(f.ID)
		if f.Type == schema.Group {
			s += "{" + numbers(f.Fields) + "}"
		}
		if f.Type == schema.List {
			s += "[" + numbers([]schema.Field{*f.Elem}) + "]"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

// TestFieldsKeepTheirNumbers, over what is learned, widened and declared, and over
// restarts; and no other field gets one that was given.
func TestFieldsKeepTheirNumbers(t *testing.T) {
	c := schema.Config{FieldIDs: true, State: filepath.Join(t.TempDir(), "columns.json")}
	m := dataset(t, started(t, c), "a")
	learn(m, records(`{"b":[{"x":1}],"a":{"y":1}}`))
	assert.Equal(t, "b=1[=3{x=4}] a=2{y=5}", numbers(m.Schema().Fields))
	learn(m, records(`{"a":{"z":1},"c":1}`))
	assert.Equal(t, "b=1[=3{x=4}] a=2{y=5 z=7} c=6", numbers(m.Schema().Fields))
	learn(m, records(`{"b":[1,"x"],"c":"text"}`))
	assert.Equal(t, "b=1 a=2{y=5 z=7} c=6", numbers(m.Schema().Fields))

	m = dataset(t, started(t, c), "a")
	learn(m, records(`{"d":1}`))
	assert.Equal(t, "b=1 a=2{y=5 z=7} c=6 d=8", numbers(m.Schema().Fields), "3 and 4 were given")
	other := dataset(t, started(t, c), "other")
	learn(other, records(`{"d":1}`))
	assert.Equal(t, "d=1", numbers(other.Schema().Fields), "another dataset has its own")

	c.FieldIDs = false
	other = dataset(t, started(t, c), "third")
	learn(other, records(`{"d":1}`))
	assert.Equal(t, "d=0", numbers(other.Schema().Fields))
}

func TestDeclaredFieldsKeepTheirNumbers(t *testing.T) {
	x, y := schema.FieldConfig{Name: "x", Type: "int64"}, schema.FieldConfig{Name: "y", Type: "list", Items: &schema.FieldConfig{Type: "int64"}}
	c := schema.Config{Mode: schema.Fixed, FieldIDs: true, State: filepath.Join(t.TempDir(), "columns.json"), Fields: []schema.FieldConfig{x, y}}
	assert.Equal(t, "x=1 y=2[=3]", numbers(dataset(t, started(t, c), "a").Schema().Fields))
	c.Fields = []schema.FieldConfig{{Name: "new", Type: "bool"}, y, x}
	assert.Equal(t, "x=1 y=2[=3] new=4", numbers(dataset(t, started(t, c), "a").Schema().Fields), "nothing was written in between")
}
