package schema_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func records(docs ...string) []record.Record {
	out := make([]record.Record, len(docs))
	for i, d := range docs {
		out[i].Raw = []byte(d)
	}
	return out
}

func memory(t testing.TB, c schema.Config) *schema.Memory {
	t.Helper()
	r, err := schema.New(c)
	require.NoError(t, err)
	m, err := r.For(&record.Record{})
	require.NoError(t, err)
	return m
}

// learn has the memory learn from records, and returns what it knows then.
func learn(m *schema.Memory, recs []record.Record) *schema.Schema {
	s, _ := m.Learn(m.Schema(), recs)
	return s
}

// show prints fields as text: name type, groups in braces, lists in brackets.
func show(fields []schema.Field) string {
	parts := make([]string, len(fields))
	for i := range fields {
		parts[i] = fields[i].Name + " " + showType(&fields[i])
	}
	return strings.Join(parts, ", ")
}

func showType(f *schema.Field) string {
	s := f.Type.String()
	switch f.Type { //nolint:exhaustive // the others have nothing inside
	case schema.Group:
		s = "{" + show(f.Fields) + "}"
	case schema.Map:
		s = "map[" + showType(f.Elem) + "]"
	case schema.List:
		s = "[" + showType(f.Elem) + "]"
	case schema.Decimal:
		s = fmt.Sprintf("decimal(%d,%d)", f.Precision, f.Scale)
	}
	if !f.Optional {
		s += "!"
	}
	return s
}

func TestInference(t *testing.T) {
	tests := []struct {
		name string
		docs []string
		want string
	}{
		{"scalars", []string{`{"b":true,"i":1,"d":1.5,"s":"x"}`}, "b bool, i int64, d double, s string"},
		{"order is first seen", []string{`{"z":1,"a":1}`, `{"m":1,"z":2}`}, "z int64, a int64, m int64"},
		{"a null keeps its place until the type is known", []string{`{"n":null,"a":1}`, `{"n":2}`}, "n int64, a int64"},
		{"only nulls", []string{`{"n":null,"a":1}`}, "a int64"},
		{"int and double", []string{`{"n":1}`, `{"n":1.5}`}, "n double"},
		{"double and int", []string{`{"n":1.5}`, `{"n":1}`}, "n double"},
		{"a wide integer and a double", []string{`{"n":9007199254740993}`, `{"n":1.5}`}, "n string"},
		{"a double and a wide integer", []string{`{"n":1.5}`, `{"n":9007199254740993}`}, "n string"},
		{"beyond 64 bits", []string{`{"n":9223372036854775808}`}, "n string"},
		{"bool and int", []string{`{"n":true}`, `{"n":1}`}, "n string"},
		{"string and group", []string{`{"n":"x"}`, `{"n":{"a":1}}`}, "n string"},
		{"group and list", []string{`{"n":{"a":1}}`, `{"n":[1]}`}, "n string"},
		{"groups", []string{`{"g":{"a":1}}`, `{"g":{"b":{"c":"x"}}}`}, "g {a int64, b {c string}}"},
		{"lists", []string{`{"l":[1,null,2.5]}`}, "l [double]"},
		{"empty lists and others", []string{`{"l":[]}`, `{"l":["x"]}`, `{"l":[]}`}, "l [string]"},
		{"empty objects and others", []string{`{"o":{}}`, `{"o":{"a":1}}`}, "o {a int64}"},
		{"nothing but empty", []string{`{"l":[],"o":{},"n":{"x":null},"p":[null]}`}, "_rescued_data json"},
		{"empty beside others", []string{`{"l":[],"a":1,"o":{"x":[]},"p":[null]}`}, "a int64"},
		{"mixed lists", []string{`{"l":[1,"x"]}`}, "l json"},
		{"lists that differ between records", []string{`{"l":[1]}`, `{"l":["x"]}`}, "l json"},
		{"lists of lists", []string{`{"l":[[1],[2.5]]}`}, "l [[double]]"},
		{"lists of groups", []string{`{"l":[{"a":1},{"b":"x","a":2.5}]}`}, "l [{a double, b string}]"},
		{"invalid records leave no trace", []string{`{"a":1}`, `{"b":1`, `[{"c":1}]`, `{"a":"\xff"}`}, "a int64"},
		{"timestamps are strings", []string{`{"t":"2025-07-01T00:00:00Z"}`}, "t string"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := memory(t, schema.Config{})
			assert.Equal(t, test.want, show(learn(m, records(test.docs...)).Fields))
			assert.Same(t, m.Schema(), learn(m, records(test.docs...)), "nothing new was seen")
			parsed := records(test.docs...)
			for i := range parsed {
				var v any
				d := json.NewDecoder(strings.NewReader(test.docs[i]))
				d.UseNumber()
				if d.Decode(&v) == nil && test.name != "order is first seen" && !strings.HasPrefix(test.name, "invalid") && test.name != "scalars" {
					parsed[i] = record.Record{Value: v}
				}
			}
			if !strings.Contains(test.name, "null keeps") && !strings.HasPrefix(test.name, "nothing") {
				assert.Equal(t, test.want, show(learn(memory(t, schema.Config{}), parsed).Fields))
			}
		})
	}
}

func TestTimestampsAreInferredWhenAsked(t *testing.T) {
	config := schema.Config{InferTimestamps: true}
	m := memory(t, config)
	assert.Equal(t, "t timestamp, l [timestamp]", show(learn(m, records(`{"t":"2025-07-01T00:00:00Z","l":["2025-07-01T00:00:00Z"]}`)).Fields))
	assert.Equal(t, "t string, l [timestamp]", show(learn(m, records(`{"t":"tomorrow"}`)).Fields))
	assert.Equal(t, "t string, l [timestamp]", show(learn(m, records(`{"t":"2025-07-01T00:00:00Z"}`)).Fields))
	assert.Equal(t, "a timestamp, b bytes", show(learn(memory(t, schema.Config{}), []record.Record{
		{Value: map[string]any{"a": time.Now(), "b": []byte("x")}},
	}).Fields))
}

func TestMemoryOnlyWidens(t *testing.T) {
	m := memory(t, schema.Config{})
	learn(m, records(`{"a":1,"n":null,"e":[]}`))
	assert.Equal(t, "a int64", show(m.Schema().Fields))
	learn(m, records(`{"n":1,"a":1.5,"z":1}`))
	assert.Equal(t, "a double, n int64, z int64", show(m.Schema().Fields), "new columns come last")
	learn(m, records(`{"a":1,"e":[1],"z":"x"}`))
	assert.Equal(t, "a double, n int64, z string, e [int64]", show(m.Schema().Fields))
	learn(m, records(`{"z":1,"a":true}`))
	assert.Equal(t, "a string, n int64, z string, e [int64]", show(m.Schema().Fields))
}

func TestMemoryIsSharedByEncoders(t *testing.T) {
	m := memory(t, schema.Config{})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				learn(m, records(fmt.Sprintf(`{"shared":%d,"own%d_%d":1}`, i, w, i%5)))
				_ = m.Schema().Leaves()
			}
		})
	}
	wg.Wait()
	assert.Len(t, m.Schema().Fields, 1+8*5)
}

func TestFingerprintsTellSchemasApart(t *testing.T) {
	one := learn(memory(t, schema.Config{}), records(`{"a":1,"b":{"c":"x"}}`))
	same := learn(memory(t, schema.Config{}), records(`{"a":2,"b":{"c":"y"}}`))
	assert.Equal(t, one.Fingerprint(), same.Fingerprint())
	for _, doc := range []string{`{"a":1.5,"b":{"c":"x"}}`, `{"b":{"c":"x"},"a":1}`, `{"a":1,"b":{"d":"x"}}`, `{"a":1,"b":["x"]}`} {
		assert.NotEqual(t, one.Fingerprint(), learn(memory(t, schema.Config{}), records(doc)).Fingerprint(), doc)
	}
}

func TestDeclaredTypesAreKeptWhileOthersAreLearned(t *testing.T) {
	price := schema.FieldConfig{Name: "price", Type: "decimal", Precision: 10, Scale: 2, Optional: true}
	m := memory(t, schema.Config{
		Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen,
		Fields: []schema.FieldConfig{price, {Name: "day", Type: "date"}, {Name: "n", Type: "int32"}, {Name: "d", Type: "double"}},
	})
	doc := `{"price":"9.99","day":"2025-07-01","n":5,"d":9007199254740993,"new":1}`
	assert.Equal(t, "price decimal(10,2), day date!, n int32!, d double!, new int64", show(learn(m, records(doc)).Fields))
	assert.Equal(t, "price string, day string!, n int64!, d double!, new int64",
		show(learn(m, records(`{"price":9.999,"day":"soon","n":5000000000,"d":1}`)).Fields))
}

func TestAvroSchemas(t *testing.T) {
	avsc := `{"type":"record","name":"r","fields":[
		{"name":"id","type":"long"},
		{"name":"when","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
		{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},
		{"name":"kind","type":{"type":"enum","name":"k","symbols":["A","B"]}},
		{"name":"inner","type":{"type":"record","name":"i","fields":[{"name":"x","type":"int"}]}},
		{"name":"again","type":["null","i"]},
		{"name":"list","type":{"type":"array","items":["null","string"]}},
		{"name":"map","type":{"type":"map","values":"long"}},
		{"name":"choice","type":["null","long","string"]},
		{"name":"self","type":["null","r"]}
	]}`
	path := filepath.Join(t.TempDir(), "r.avsc")
	require.NoError(t, os.WriteFile(path, []byte(avsc), 0o600))
	r, err := schema.New(schema.Config{Mode: schema.Fixed, File: path})
	require.NoError(t, err)
	r.UseAvroNames()
	m, err := r.For(&record.Record{})
	require.NoError(t, err)
	assert.Equal(t, "id int64!, when timestamp, price decimal(10,2)!, kind string!, inner {x int32!}!, again {x int32!}, "+
		"list [string]!, map map[int64!]!, choice json, self json", show(m.Schema().Fields))

	out, err := m.Schema().AvroSchema("Out", false)
	require.NoError(t, err)
	_, err = avro.ParseBytesWithCache(out, "", &avro.SchemaCache{})
	require.NoError(t, err)
	again, err := schema.ParseAvro(out)
	require.NoError(t, err)
	assert.Equal(t, show(m.Schema().Fields), strings.ReplaceAll(
		strings.Replace(show(again), "choice string", "choice json", 1), "self string", "self json"))

	for _, bad := range []string{``, `"long"`, `{"type":"record","name":"r","fields":[]}`, `{"type":"record","name":"r"`} {
		_, err := schema.ParseAvro([]byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestConfigurationErrors(t *testing.T) {
	field := func(f schema.FieldConfig) schema.Config {
		return schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{f}}
	}
	tests := map[string]schema.Config{
		`schema mode "guess"`:                    {Mode: "guess"},
		"needs either fields or a file":          {Mode: schema.Fixed},
		"needs a metadata_key":                   {Mode: schema.Metadata},
		`on_unknown_field "keep"`:                {OnUnknownField: "keep"},
		`on_type_mismatch "guess"`:               {OnTypeMismatch: "guess"},
		"must be add when the schema is":         {OnUnknownField: schema.Drop},
		"field 1 has no name":                    field(schema.FieldConfig{Type: "int64"}),
		`field "a": unknown type "integer"`:      field(schema.FieldConfig{Name: "a", Type: "integer"}),
		"a precision of 1 to 38, not 39":         field(schema.FieldConfig{Name: "a", Type: "decimal", Precision: 39}),
		"has a scale of 0 to 5, not 6":           field(schema.FieldConfig{Name: "a", Type: "decimal", Precision: 5, Scale: 6}),
		"a group needs fields":                   field(schema.FieldConfig{Name: "a", Type: "group"}),
		"a list needs items":                     field(schema.FieldConfig{Name: "a", Type: "list"}),
		"only bytes have one":                    field(schema.FieldConfig{Name: "a", Type: "string", Size: 3}),
		"no size of -1 bytes":                    field(schema.FieldConfig{Name: "a", Type: "bytes", Size: -1}),
		"a map needs values":                     field(schema.FieldConfig{Name: "a", Type: "map"}),
		"a bool has no items":                    field(schema.FieldConfig{Name: "a", Type: "bool", Items: &schema.FieldConfig{Type: "bool"}}),
		"a bool has no values":                   field(schema.FieldConfig{Name: "a", Type: "bool", Values: &schema.FieldConfig{Type: "bool"}}),
		`unknown unit "hours"`:                   field(schema.FieldConfig{Name: "a", Type: "timestamp", Unit: "hours"}),
		"reading the schema":                     {Mode: schema.Fixed, File: "/does/not/exist.avsc"},
		`field "a" is declared twice`:            {Mode: schema.Fixed, Fields: []schema.FieldConfig{{Name: "a", Type: "bool"}, {Name: "a", Type: "bool"}}},
		`field "g": field "x": unknown type "y"`: field(schema.FieldConfig{Name: "g", Type: "group", Fields: []schema.FieldConfig{{Name: "x", Type: "y"}}}),
	}
	for want, config := range tests {
		_, err := schema.New(config)
		assert.ErrorContains(t, err, want)
	}
}

func TestFieldsThatTheFolderHasGetNoColumn(t *testing.T) {
	c := schema.Config{Without: []string{"country"}, State: filepath.Join(t.TempDir(), "columns.json")}
	before := c
	before.Without = nil
	learn(dataset(t, started(t, before), ""), records(`{"country":"de","a":1}`))
	s := learn(dataset(t, started(t, c), ""), records(`{"country":[1],"b":{"country":1}}`))
	assert.Equal(t, "a int64, b {country int64}", show(s.Fields), "not even one that was remembered")
	c.State, c.Mode, c.Fields = "", schema.Fixed, []schema.FieldConfig{{Name: "country", Type: "string"}}
	_, err := schema.New(c)
	assert.ErrorContains(t, err, "partition_columns: the folder holds every declared field")
}
