package ddl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// Table is what a statement is about.
type Table struct {
	// Name of the table.
	Name string
	// Location is the folder of its objects, such as s3://bucket/lake/orders/.
	Location string
	// Format of its objects: csv, parquet or avro. Gzip says that csv is compressed.
	Format string
	Gzip   bool
	// CSV is how csv is written.
	CSV CSV
	// Modern is parquet.compatibility.
	Modern bool
	// BinaryStrings is use_binary_strings.
	BinaryStrings bool
	// Partitions are the names of folders of the form name=value below Location.
	Partitions []string
	// AvroSchema is the columns as Avro has them.
	AvroSchema string
	// Schema is the columns.
	Schema *schema.Schema
}

// CSV is how the cells of csv objects are written.
type CSV struct {
	Separator byte
	Header    bool
	Null      string
	Backslash bool
	// Typed says that records are refused whose values do not fit: cells take any
	// value otherwise, so that all columns are text.
	Typed bool
}

// dialect is the language of one engine.
type dialect struct {
	quote func(name string) string
	types func(t *Table, f *schema.Field) string
	write func(t *Table, columns []column) string
}

// column is a column with its name and type in the engine's words.
type column struct {
	name string // in the file
	typ  string
}

// engines are the dialects by their names.
var engines = map[string]dialect{
	"athena":     {backticks, hiveType, athena},
	"glue":       {bare, hiveType, glue},
	"spark":      {backticks, sparkType, spark},
	"snowflake":  {upperQuotes, snowflakeType, snowflake},
	"redshift":   {doubleQuotes, redshiftType, redshift},
	"clickhouse": {backticks, clickhouseType, clickhouse},
	"duckdb":     {doubleQuotes, duckdbType, duckdb},
}

// Engines are the names of all engines.
func Engines() []string {
	return []string{"athena", "glue", "spark", "snowflake", "redshift", "clickhouse", "duckdb"}
}

// Write returns the statements of an engine, and what of the table they leave out.
func Write(engine string, t Table) (text string, notes []string, err error) {
	d, known := engines[engine]
	if !known {
		return "", nil, fmt.Errorf("unknown engine %q: use %s", engine, strings.Join(Engines(), ", "))
	}
	var columns []column
	if t.Format == "csv" && !t.CSV.Backslash && (engine == "athena" || engine == "glue") {
		notes = append(notes, "OpenCSVSerde takes a backslash for an escape, and loses those in values: set csv.escape: backslash in the output.")
	}
	if t.Format == "csv" && !t.CSV.Typed && engine != "athena" && engine != "glue" {
		notes = append(notes, "Cells of csv take any value, so that all columns are text: with schema.mode: fixed and on_type_mismatch: reject they have types.")
	}
	for i := range t.Schema.Fields {
		f := &t.Schema.Fields[i]
		name := f.ColumnName()
		if slices.ContainsFunc(t.Partitions, func(p string) bool { return strings.EqualFold(p, name) }) {
			notes = append(notes, fmt.Sprintf("The column %s is left out: the folder has a part of that name.", name))
			continue
		}
		if what := t.unreadable(engine, f); what != "" {
			notes = append(notes, fmt.Sprintf("The column %s is left out: %s has no columns of the type %s; parquet.compatibility: widest writes what it has.", name, engine, what))
			continue
		}
		if t.Format == "csv" && !t.CSV.Typed {
			f = &schema.Field{Type: schema.String, Optional: true}
		}
		columns = append(columns, column{name: name, typ: d.types(&t, f)})
	}
	if len(columns) == 0 {
		return "", notes, fmt.Errorf("the table %s has no column that %s reads", t.Name, engine)
	}
	return d.write(&t, columns), notes, nil
}

// unreadable is a type inside of a field that the engine does not read from the files
// of parquet.compatibility: modern; empty for none.
func (t *Table) unreadable(engine string, f *schema.Field) string {
	if t.Format != "parquet" || !t.Modern || engine == "duckdb" {
		return ""
	}
	switch f.Type { //nolint:exhaustive // the others are read everywhere
	case schema.UUID, schema.Time:
		if engine == "clickhouse" || engine == "snowflake" && f.Type == schema.Time {
			return ""
		}
		return f.Type.String()
	case schema.List, schema.Map:
		return t.unreadable(engine, f.Elem)
	case schema.Group:
		for i := range f.Fields {
			if what := t.unreadable(engine, &f.Fields[i]); what != "" {
				return what
			}
		}
	}
	return ""
}

func bare(name string) string        { return name }
func backticks(name string) string   { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
func upperQuotes(name string) string { return doubleQuotes(strings.ToUpper(name)) }
func doubleQuotes(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// plain is a string of SQL.
func plain(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// escaped is a string of the dialects that have escapes.
func escaped(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\t", `\t`).Replace(s) + "'"
}

// list joins columns, one a line.
func list(columns []column, quote func(string) string) string {
	lines := make([]string, len(columns))
	for i, c := range columns {
		lines[i] = "  " + quote(c.name) + " " + c.typ
	}
	return strings.Join(lines, ",\n")
}

// members joins the members of a group.
func members(t *Table, f *schema.Field, quote func(string) string, between string, types func(*Table, *schema.Field) string) string {
	all := make([]string, len(f.Fields))
	for i := range f.Fields {
		m := &f.Fields[i]
		all[i] = quote(m.ColumnName()) + between + types(t, m)
	}
	return strings.Join(all, ", ")
}

// isText reports whether values of a type are text in the files.
func (t *Table) isText(f *schema.Field) bool {
	switch f.Type { //nolint:exhaustive // the others never are
	case schema.String, schema.JSON:
		return true
	case schema.UUID:
		return t.Format != "parquet" || !t.Modern
	case schema.Group, schema.List, schema.Map:
		return t.Format == "csv"
	}
	return false
}

// isInteger reports whether a time is an integer in the files.
func (t *Table) isInteger(f *schema.Field) bool {
	return f.Type == schema.Time && t.Format == "parquet" && !t.Modern
}
