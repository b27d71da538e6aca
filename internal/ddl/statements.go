package ddl

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The classes by which Hive, Athena and Glue read.
const (
	openCSV    = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
	parquetSer = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	avroSer    = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
)

// csvProperties are those of OpenCSVSerde. It knows a quote that is written twice by
// itself, and always has an escape.
func (t *Table) csvProperties() (names, values []string) {
	return []string{"separatorChar", "quoteChar", "escapeChar"}, []string{string(t.CSV.Separator), `"`, `\`}
}

func athena(t *Table, columns []column) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE %s (\n%s\n)\n", backticks(t.Name), list(columns, backticks))
	if len(t.Partitions) > 0 {
		fmt.Fprintf(&b, "PARTITIONED BY (%s)\n", partitions(t, backticks, "string"))
	}
	properties := map[string]string{}
	switch t.Format {
	case "csv":
		names, values := t.csvProperties()
		var set []string
		for i := range names {
			set = append(set, plain(names[i])+" = "+escaped(values[i]))
		}
		fmt.Fprintf(&b, "ROW FORMAT SERDE %s\nWITH SERDEPROPERTIES (%s)\nSTORED AS TEXTFILE\n", plain(openCSV), strings.Join(set, ", "))
		if t.CSV.Header {
			properties["skip.header.line.count"] = "1"
		}
	case "avro":
		b.WriteString("STORED AS AVRO\n")
		properties["avro.schema.literal"] = t.AvroSchema
	default:
		b.WriteString("STORED AS PARQUET\n")
	}
	fmt.Fprintf(&b, "LOCATION %s", plain(t.Location))
	for _, name := range []string{"skip.header.line.count", "avro.schema.literal"} {
		if value := properties[name]; value != "" {
			fmt.Fprintf(&b, "\nTBLPROPERTIES (%s = %s)", plain(name), escaped(value))
		}
	}
	b.WriteString(";\n")
	if len(t.Partitions) > 0 {
		fmt.Fprintf(&b, "MSCK REPAIR TABLE %s;\n", backticks(t.Name))
	}
	return b.String()
}

func partitions(t *Table, quote func(string) string, typ string) string {
	all := make([]string, len(t.Partitions))
	for i, p := range t.Partitions {
		all[i] = strings.TrimSpace(quote(p) + " " + typ)
	}
	return strings.Join(all, ", ")
}

// The input of `aws glue create-table`.
type (
	glueTable struct {
		Name              string
		TableType         string
		Parameters        map[string]string
		PartitionKeys     []glueColumn
		StorageDescriptor glueStorage
	}
	glueColumn  struct{ Name, Type string }
	glueStorage struct {
		Columns                   []glueColumn
		Location                  string
		InputFormat, OutputFormat string
		Compressed                bool
		SerdeInfo                 glueSerde
	}
	glueSerde struct {
		SerializationLibrary string
		Parameters           map[string]string
	}
)

// glue is the value of --table-input.
func glue(t *Table, columns []column) string {
	g := glueTable{
		Name: t.Name, TableType: "EXTERNAL_TABLE", Parameters: map[string]string{"classification": t.Format, "EXTERNAL": "TRUE"},
		PartitionKeys: []glueColumn{},
	}
	s := &g.StorageDescriptor
	s.Location, s.Compressed = t.Location, t.Gzip
	for _, c := range columns {
		s.Columns = append(s.Columns, glueColumn{c.name, c.typ})
	}
	for _, p := range t.Partitions {
		g.PartitionKeys = append(g.PartitionKeys, glueColumn{p, "string"})
	}
	s.SerdeInfo.Parameters = map[string]string{}
	switch t.Format {
	case "csv":
		s.InputFormat, s.OutputFormat = "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
		s.SerdeInfo.SerializationLibrary = openCSV
		names, values := t.csvProperties()
		for i := range names {
			s.SerdeInfo.Parameters[names[i]] = values[i]
		}
		if t.CSV.Header {
			g.Parameters["skip.header.line.count"] = "1"
		}
	case "avro":
		s.InputFormat, s.OutputFormat = "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat", "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat"
		s.SerdeInfo.SerializationLibrary = avroSer
		s.SerdeInfo.Parameters["avro.schema.literal"] = t.AvroSchema
	default:
		s.InputFormat, s.OutputFormat = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
		s.SerdeInfo.SerializationLibrary = parquetSer
	}
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(g) // text can always be written
	return out.String()
}

func spark(t *Table, columns []column) string {
	var b strings.Builder
	for _, p := range t.Partitions {
		columns = append(columns, column{name: p, typ: "STRING"})
	}
	fmt.Fprintf(&b, "CREATE TABLE %s (\n%s\n)\nUSING %s\n", backticks(t.Name), list(columns, backticks), t.Format)
	if t.Format == "csv" {
		escape := `"`
		if t.CSV.Backslash {
			escape = `\`
		}
		fmt.Fprintf(&b, "OPTIONS (header %s, sep %s, quote '\"', escape %s, multiLine 'true', nullValue %s, emptyValue '', mode 'PERMISSIVE')\n",
			plain(fmt.Sprint(t.CSV.Header)), escaped(string(t.CSV.Separator)), escaped(escape), escaped(t.CSV.Null))
	}
	if len(t.Partitions) > 0 {
		fmt.Fprintf(&b, "PARTITIONED BY (%s)\n", partitions(t, backticks, ""))
	}
	fmt.Fprintf(&b, "LOCATION %s;\n", escaped(strings.Replace(t.Location, "s3://", "s3a://", 1)))
	if len(t.Partitions) > 0 {
		fmt.Fprintf(&b, "MSCK REPAIR TABLE %s;\n", backticks(t.Name))
	}
	return b.String()
}

func snowflake(t *Table, columns []column) string {
	name := upperQuotes(t.Name)
	stage := upperQuotes(t.Name + "_stage")
	match := "\nMATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
	format := map[string]string{"parquet": "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE", "avro": "TYPE = AVRO"}[t.Format]
	if t.BinaryStrings && t.Format == "parquet" {
		format += " BINARY_AS_TEXT = FALSE"
	}
	pattern := "'.*[.]" + t.Format + "'"
	if t.Format == "csv" {
		pattern = "'.*[.]csv([.]gz)?'"
		format = fmt.Sprintf("TYPE = CSV FIELD_DELIMITER = %s FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = (%s) EMPTY_FIELD_AS_NULL = %s",
			escaped(string(t.CSV.Separator)), nullIf(t.CSV.Null), strings.ToUpper(fmt.Sprint(t.CSV.Null == "")))
		format += map[bool]string{true: ` ESCAPE = '\\'`, false: " ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE"}[t.CSV.Backslash]
		if t.CSV.Header {
			format += " PARSE_HEADER = TRUE ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE"
		} else {
			match = ""
		}
	}
	return fmt.Sprintf("CREATE TABLE %s (\n%s\n);\nCREATE STAGE %s\n  URL = %s\n  STORAGE_INTEGRATION = my_integration;\nCOPY INTO %s\nFROM @%s\nPATTERN = %s\nFILE_FORMAT = (%s)%s;\n",
		name, list(columns, upperQuotes), stage, escaped(t.Location), name, stage, pattern, format, match)
}

// nullIf is what Snowflake takes for null beside an empty field.
func nullIf(null string) string {
	if null == "" {
		return ""
	}
	return escaped(null)
}

func redshift(t *Table, columns []column) string {
	name := doubleQuotes(t.Name)
	format := "FORMAT AS PARQUET"
	for _, c := range columns {
		if c.typ == "SUPER" && t.Format == "parquet" {
			format = "FORMAT AS PARQUET SERIALIZETOJSON"
		}
	}
	switch t.Format {
	case "avro":
		format = "FORMAT AS AVRO 'auto'"
	case "csv":
		format = "FORMAT AS CSV DELIMITER " + plain(string(t.CSV.Separator)) + " NULL AS " + plain(t.CSV.Null) + " TIMEFORMAT 'auto' DATEFORMAT 'auto' FILLRECORD"
		if t.CSV.Header {
			format += " IGNOREHEADER 1"
		}
		if t.Gzip {
			format += " GZIP"
		}
	}
	return fmt.Sprintf("CREATE TABLE %s (\n%s\n);\nCOPY %s\nFROM %s\nIAM_ROLE default\n%s;\n", name, list(columns, doubleQuotes), name, plain(t.Location), format)
}

func clickhouse(t *Table, columns []column) string {
	bucket, path, _ := strings.Cut(strings.TrimPrefix(t.Location, "s3://"), "/")
	url := "https://" + bucket + ".s3.amazonaws.com/" + path + "**/*." + t.extension()
	format := map[string]string{"parquet": "Parquet", "avro": "Avro", "csv": "CSV"}[t.Format]
	if t.Format == "csv" && t.CSV.Header {
		format = "CSVWithNames"
	}
	var settings []string
	if t.Format == "csv" {
		settings = append(settings, "format_csv_delimiter = "+escaped(string(t.CSV.Separator)), "format_csv_null_representation = "+escaped(t.CSV.Null),
			"input_format_csv_empty_as_default = 1", "input_format_csv_allow_variable_number_of_columns = 1", "date_time_input_format = 'best_effort'")
	}
	after := ""
	if len(settings) > 0 {
		after = "\nSETTINGS " + strings.Join(settings, ", ")
	}
	return fmt.Sprintf("CREATE TABLE %s (\n%s\n)\nENGINE = S3(%s, %s)%s;\n", backticks(t.Name), list(columns, backticks), escaped(url), escaped(format), after)
}

// extension is what the names of objects end with.
func (t *Table) extension() string {
	if t.Gzip {
		return t.Format + ".gz"
	}
	return t.Format
}

func duckdb(t *Table, columns []column) string {
	files := plain(t.Location + "**/*." + t.extension())
	hive := ""
	if len(t.Partitions) > 0 {
		hive = ", hive_partitioning = true"
	}
	cast := make([]string, len(columns))
	typed := make([]string, len(columns))
	for i, c := range columns {
		cast[i] = fmt.Sprintf("  %s::%s AS %s", doubleQuotes(c.name), c.typ, doubleQuotes(c.name))
		typed[i] = plain(c.name) + ": " + plain(c.typ)
	}
	for _, p := range t.Partitions {
		cast = append(cast, "  "+doubleQuotes(p))
	}
	source := fmt.Sprintf("read_parquet(%s, union_by_name = true%s)", files, hive)
	switch t.Format {
	case "avro":
		source = fmt.Sprintf("read_avro(%s)", files)
	case "csv":
		escape := `"`
		if t.CSV.Backslash {
			escape = `\`
		}
		source = fmt.Sprintf("read_csv(%s, header = %t, auto_detect = false, delim = %s, quote = '\"', escape = %s, nullstr = %s, null_padding = true, parallel = false%s, columns = {%s})",
			files, t.CSV.Header, plain(string(t.CSV.Separator)), plain(escape), plain(t.CSV.Null), hive, strings.Join(typed, ", "))
	}
	return fmt.Sprintf("CREATE VIEW %s AS\nSELECT\n%s\nFROM %s;\n", doubleQuotes(t.Name), strings.Join(cast, ",\n"), source)
}
