package ddl

import (
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// hiveType is a type of Hive. Of csv, Hive's reader makes text alone.
func hiveType(t *Table, f *schema.Field) string {
	switch {
	case t.Format == "csv", f.Type == schema.String && !t.BinaryStrings, f.Type == schema.JSON && !t.BinaryStrings:
		return "string"
	case t.isText(f), f.Type == schema.Bytes:
		if t.isText(f) && !t.BinaryStrings {
			return "string"
		}
		return "binary"
	}
	switch f.Type { //nolint:exhaustive // the others were above
	case schema.Int32:
		return "int"
	case schema.Int64, schema.Time:
		return "bigint"
	case schema.Decimal:
		return fmt.Sprintf("decimal(%d,%d)", f.Precision, f.Scale)
	case schema.Bool:
		return "boolean"
	case schema.Group:
		return "struct<" + strings.ReplaceAll(members(t, f, hiveMember, ":", hiveType), ", ", ",") + ">"
	case schema.List:
		return "array<" + hiveType(t, f.Elem) + ">"
	case schema.Map:
		return "map<string," + hiveType(t, f.Elem) + ">"
	}
	return f.Type.String() // double, timestamp, date
}

// hiveMember is the name of a member of a struct, which is quoted where it must be.
func hiveMember(name string) string {
	for i, c := range name {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return backticks(name)
		}
	}
	return name
}

func sparkType(t *Table, f *schema.Field) string {
	switch {
	case t.isText(f) && t.BinaryStrings && t.Format != "csv", f.Type == schema.Bytes && t.Format != "csv":
		return "BINARY"
	case t.isText(f), f.Type == schema.Bytes, f.Type == schema.Time && t.Format == "csv":
		return "STRING"
	}
	switch f.Type { //nolint:exhaustive // the others were above
	case schema.Bool:
		return "BOOLEAN"
	case schema.Int32:
		return "INT"
	case schema.Int64, schema.Time:
		return "BIGINT"
	case schema.Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", f.Precision, f.Scale)
	case schema.Timestamp:
		if f.Local {
			return "TIMESTAMP_NTZ"
		}
	case schema.Group:
		return "STRUCT<" + members(t, f, backticks, ": ", sparkType) + ">"
	case schema.List:
		return "ARRAY<" + sparkType(t, f.Elem) + ">"
	case schema.Map:
		return "MAP<STRING, " + sparkType(t, f.Elem) + ">"
	}
	return strings.ToUpper(f.Type.String())
}

func snowflakeType(t *Table, f *schema.Field) string {
	switch f.Type { //nolint:exhaustive // the others are text
	case schema.Bool:
		return "BOOLEAN"
	case schema.Int32, schema.Int64:
		return "NUMBER(38,0)"
	case schema.Double, schema.Float:
		return "DOUBLE"
	case schema.Decimal:
		return fmt.Sprintf("NUMBER(%d,%d)", f.Precision, f.Scale)
	case schema.Timestamp:
		if f.Local {
			return "TIMESTAMP_NTZ"
		}
		return "TIMESTAMP_TZ"
	case schema.Date:
		return "DATE"
	case schema.Time:
		if t.isInteger(f) {
			return "NUMBER(38,0)"
		}
		return "TIME(6)"
	case schema.Bytes:
		if t.Format != "csv" {
			return "BINARY"
		}
	case schema.Group, schema.List, schema.Map:
		if t.Format != "csv" {
			return map[schema.Type]string{schema.Group: "OBJECT", schema.List: "ARRAY", schema.Map: "OBJECT"}[f.Type]
		}
	}
	if t.BinaryStrings && t.Format != "csv" {
		return "BINARY"
	}
	return "VARCHAR"
}

func redshiftType(t *Table, f *schema.Field) string {
	switch f.Type { //nolint:exhaustive // the others are text
	case schema.Bool:
		return "BOOLEAN"
	case schema.Int32:
		return "INTEGER"
	case schema.Int64:
		return "BIGINT"
	case schema.Double:
		return "DOUBLE PRECISION"
	case schema.Float:
		return "REAL"
	case schema.Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", f.Precision, f.Scale)
	case schema.Timestamp:
		if t.Format == "parquet" || f.Local {
			return "TIMESTAMP"
		}
		return "TIMESTAMPTZ"
	case schema.Date:
		return "DATE"
	case schema.Time:
		if t.Format != "csv" {
			return "BIGINT"
		}
		return "TIME"
	case schema.Group, schema.List, schema.Map:
		if t.Format != "csv" {
			return "SUPER"
		}
	}
	return "VARCHAR(65535)"
}

func clickhouseType(t *Table, f *schema.Field) string {
	scalar := ""
	switch f.Type { //nolint:exhaustive // the others are text
	case schema.Bool:
		scalar = "Bool"
	case schema.Int32:
		scalar = "Int32"
	case schema.Int64:
		scalar = "Int64"
	case schema.Double:
		scalar = "Float64"
	case schema.Float:
		scalar = "Float32"
	case schema.Decimal:
		scalar = fmt.Sprintf("Decimal(%d, %d)", f.Precision, f.Scale)
	case schema.Timestamp:
		scalar = "DateTime64(6, 'UTC')" // of a local one too, so that its clock is shown
	case schema.Date:
		scalar = "Date32"
	case schema.Time:
		switch {
		case t.Modern:
			scalar = "Time64(6)"
		case t.Format != "csv":
			scalar = "Int64"
		}
	case schema.UUID:
		if !t.isText(f) || t.Format == "avro" {
			scalar = "UUID"
		}
	case schema.Group:
		if t.Format != "csv" {
			return "Tuple(" + members(t, f, backticks, " ", clickhouseType) + ")"
		}
	case schema.List:
		if t.Format != "csv" {
			return "Array(" + clickhouseType(t, f.Elem) + ")"
		}
	case schema.Map:
		if t.Format != "csv" {
			return "Map(String, " + clickhouseType(t, f.Elem) + ")"
		}
	}
	if scalar == "" {
		scalar = "String"
	}
	if f.Optional {
		return "Nullable(" + scalar + ")"
	}
	return scalar
}

func duckdbType(t *Table, f *schema.Field) string {
	switch {
	case t.isText(f) && t.BinaryStrings && t.Format != "csv", f.Type == schema.Bytes && t.Format != "csv":
		return "BLOB"
	case t.isText(f), f.Type == schema.Bytes:
		return "VARCHAR"
	}
	switch f.Type { //nolint:exhaustive // the others were above
	case schema.Int32:
		return "INTEGER"
	case schema.Int64:
		return "BIGINT"
	case schema.Bool:
		return "BOOLEAN"
	case schema.Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", f.Precision, f.Scale)
	case schema.Timestamp:
		if !f.Local {
			return "TIMESTAMPTZ"
		}
	case schema.Time:
		if t.isInteger(f) {
			return "BIGINT"
		}
	case schema.Group:
		return "STRUCT(" + members(t, f, doubleQuotes, " ", duckdbType) + ")"
	case schema.List:
		return duckdbType(t, f.Elem) + "[]"
	case schema.Map:
		return "MAP(VARCHAR, " + duckdbType(t, f.Elem) + ")"
	}
	return strings.ToUpper(f.Type.String()) // double, date, time, uuid
}
