// Package csv writes objects of comma-separated values after RFC 4180, for
// Athena, Spark, Snowflake, DuckDB and spreadsheets. Records are JSON objects;
// every record is a row and every field a column.
//
// Columns: an object holds the union of the fields of its records, in the
// order in which they were first seen, and no others; each object stands for
// itself. Parsed records contribute their fields in alphabetical order. When
// a name occurs twice in a record the last value counts, as in encoding/json.
// Source columns come first, where new fields do not move them.
//
// Values: numbers are copied digit for digit, booleans are true and false,
// null and absent fields are empty, and an empty string is "" in quotes so
// that readers can tell it from null. Nested objects and arrays are compact
// JSON text. A value is quoted when it holds the separator, a quote or a line
// break, or begins or ends with white space.
//
// Lines end with LF, not with the CRLF of the RFC: Athena and Hive would take
// the CR for a part of the last column, and every other reader knows both. A
// line break within a value is kept, in quotes; Athena and Spark (without
// multiLine) cannot read those.
//
// Two forms are special because an empty line is no row to most readers: in
// an object of one column null is "" as well, and records without any field
// ({}) are refused when the object would have no column at all.
package csv
