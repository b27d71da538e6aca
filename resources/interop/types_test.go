package interop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// oneOfEach is a column of each type, with a value.
var oneOfEach = []struct {
	field schema.FieldConfig
	value string
}{
	{schema.FieldConfig{Type: "bool"}, `true`},
	{schema.FieldConfig{Type: "int32"}, `-5`},
	{schema.FieldConfig{Type: "int64"}, `9007199254740993`},
	{schema.FieldConfig{Type: "double"}, `0.1`},
	{schema.FieldConfig{Type: "string"}, `"é \\ \"x\""`},
	{schema.FieldConfig{Type: "bytes"}, `"raw"`},
	{schema.FieldConfig{Type: "timestamp"}, `"2025-07-01T12:00:00.123456+02:00"`},
	{schema.FieldConfig{Type: "timestamp", Local: true}, `"2025-07-01T12:00:00.123456"`},
	{schema.FieldConfig{Type: "date"}, `"2025-07-01"`},
	{schema.FieldConfig{Type: "time"}, `"23:59:59.5"`},
	{schema.FieldConfig{Type: "decimal", Precision: 12, Scale: 2}, `"1234567890.12"`},
	{schema.FieldConfig{Type: "uuid"}, `"00112233-4455-6677-8899-aabbccddeeff"`},
	{schema.FieldConfig{Type: "json"}, `{"a":[1]}`},
	{schema.FieldConfig{Type: "group", Fields: []schema.FieldConfig{{Name: "x", Type: "int64", Optional: true}}}, `{"x":7}`},
	{schema.FieldConfig{Type: "float"}, `0.5`},
	{schema.FieldConfig{Type: "map", Values: &schema.FieldConfig{Type: "int64", Optional: true}}, `{"k":7}`},
	{schema.FieldConfig{Type: "list", Items: &schema.FieldConfig{Type: "int64", Optional: true}}, `[1,null,2]`},
}

// TestWriteTypes writes a file for each type, format and compatibility, for
// read_types.py, when INTEROP_DIR is set.
func TestWriteTypes(t *testing.T) {
	dir := os.Getenv("INTEROP_DIR")
	if dir == "" {
		t.Skip("INTEROP_DIR is not set")
	}
	for kind, construct := range map[string]func(*schema.Registry) (encode.Encoder, error){
		"parquet widest": func(r *schema.Registry) (encode.Encoder, error) { return parquet.New(parquet.Config{}, r) },
		"parquet modern": func(r *schema.Registry) (encode.Encoder, error) {
			return parquet.New(parquet.Config{Compatibility: parquet.Modern}, r)
		},
		"avro": func(r *schema.Registry) (encode.Encoder, error) { return avro.New(avro.Config{Codec: "deflate"}, r) },
	} {
		for _, c := range oneOfEach {
			f := c.field
			f.Name, f.Optional = "v", true
			r, err := schema.New(schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{{Name: "id", Type: "int64", Optional: true}, f}})
			require.NoError(t, err)
			e, err := construct(r)
			require.NoError(t, err)
			format := kind
			if kind != "avro" {
				format = "parquet"
			}
			name := f.Type
			if f.Local {
				name = "local " + name
			}
			to := filepath.Join(dir, "types", kind, name)
			require.NoError(t, os.MkdirAll(filepath.Join(to, "objects"), 0o700))
			write(t, e, filepath.Join(to, "objects", "data."+format), []string{`{"id":1,"v":` + c.value + `}`, `{"id":2}`})
			memory, err := r.For(&record.Record{})
			require.NoError(t, err)
			statements(t, filepath.Join(to, "data"), ddl.Table{
				Name: "types", Location: to + "/objects/", Format: format, Modern: kind == "parquet modern", Schema: memory.Schema(),
			})
		}
	}
}

// statements writes those of each engine, into files that begin with a path.
func statements(t *testing.T, path string, table ddl.Table) {
	t.Helper()
	avsc, err := table.Schema.AvroSchema("Record", false)
	require.NoError(t, err)
	table.AvroSchema = string(avsc)
	for _, engine := range ddl.Engines() {
		text, _, err := ddl.Write(engine, table)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path+"."+engine+".sql", []byte(text), 0o600))
	}
}
