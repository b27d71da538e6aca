package ddl_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything is a schema with every type.
func everything() *schema.Schema {
	leaf := func(name string, t schema.Type) schema.Field {
		return schema.Field{Name: name, Type: t, Optional: true}
	}
	amount := leaf("amount", schema.Decimal)
	amount.Precision, amount.Scale = 12, 2
	item := leaf("", schema.Group)
	item.Fields = []schema.Field{leaf("sku", schema.String), leaf("it's `odd\"", schema.Int32)}
	tag := leaf("", schema.String)
	lines, tags := leaf("lines", schema.List), leaf("tags", schema.List)
	lines.Elem, tags.Elem = &item, &tag
	count := leaf("", schema.Int64)
	scores := leaf("scores", schema.Map)
	scores.Elem = &count
	place := leaf("place", schema.Group)
	place.Fields = []schema.Field{leaf("lat", schema.Double), tags}
	wall := leaf("wall", schema.Timestamp)
	wall.Local = true
	return schema.NewSchema([]schema.Field{
		{Name: "id", Type: schema.Int64},
		leaf("b", schema.Bool), leaf("i", schema.Int32), leaf("d", schema.Double), leaf("order", schema.String),
		leaf("raw", schema.Bytes), leaf("at", schema.Timestamp), wall, leaf("day", schema.Date), leaf("clock", schema.Time), amount,
		leaf("u", schema.UUID), leaf("j", schema.JSON), lines, place, scores, leaf("small", schema.Float),
		{Name: "ID", Column: "ID_2", Type: schema.String, Optional: true},
		leaf("land", schema.String),
	})
}

// TestGoldenStatements pins the statements of every engine. Those that run here are run
// in resources/interop; of the others the golden files were held against the grammar
// of the vendor, which resources/interop repeats with a parser.
func TestGoldenStatements(t *testing.T) {
	avsc, err := everything().AvroSchema("Record", false)
	require.NoError(t, err)
	csv := ddl.CSV{Separator: ',', Header: true}
	for name, table := range map[string]ddl.Table{
		"parquet": {Format: "parquet", Partitions: []string{"date", "land"}},
		"modern":  {Format: "parquet", Modern: true, BinaryStrings: true},
		"avro":    {Format: "avro", AvroSchema: string(avsc)},
		"csv":     {Format: "csv", CSV: csv},
		"csv-gzip": {Format: "csv", Gzip: true, Partitions: []string{"date"}, CSV: ddl.CSV{
			Separator: '\t', Null: `\N`, Backslash: true, Typed: true,
		}},
	} {
		for _, engine := range ddl.Engines() {
			t.Run(name+"/"+engine, func(t *testing.T) {
				table := table
				table.Name, table.Location, table.Schema = "or'ders", "s3://my-bucket/lake/orders/", everything()
				text, notes, err := ddl.Write(engine, table)
				require.NoError(t, err)
				for _, note := range notes {
					text = "-- " + note + "\n" + text
				}
				path := filepath.Join("testdata", name+"."+engine+".txt")
				if *update {
					require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err, "run the test with -update")
				assert.Equal(t, string(want), text, "run the test with -update and look at the difference")
			})
		}
	}
}

func TestWhatAnEngineDoesNotRead(t *testing.T) {
	table := ddl.Table{Name: "t", Location: "s3://b/", Format: "parquet", Modern: true, Schema: everything()}
	for engine, want := range map[string]int{"duckdb": 0, "clickhouse": 0, "snowflake": 1, "spark": 2, "athena": 2, "redshift": 2} {
		_, notes, err := ddl.Write(engine, table)
		require.NoError(t, err)
		assert.Equal(t, want, strings.Count(strings.Join(notes, "\n"), "parquet.compatibility: widest"), engine)
	}
	table.Schema = schema.NewSchema([]schema.Field{{Name: "u", Type: schema.List, Elem: &schema.Field{Type: schema.Group, Fields: []schema.Field{{Name: "x", Type: schema.UUID}}}}})
	_, _, err := ddl.Write("spark", table)
	require.ErrorContains(t, err, "the table t has no column that spark reads")
	_, _, err = ddl.Write("oracle", table)
	require.ErrorContains(t, err, "use athena")
}
