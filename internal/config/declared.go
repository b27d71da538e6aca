package config

import (
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// otherTypes are what columns are called elsewhere: in Parquet, Arrow, SQL, the
// warehouses, and parquet_encode of Redpanda Connect.
var otherTypes = map[string]string{
	"int": "int64", "integer": "int64", "bigint": "int64", "long": "int64", "number": "double", "smallint": "int32", "tinyint": "int32", "int16": "int32", "int8": "int32",
	"float32": "float", "float64": "double", "real": "float", "numeric": "decimal",
	"boolean": "bool", "text": "string", "varchar": "string", "utf8": "string", "char": "string", "enum": "string",
	"datetime": "timestamp", "timestamptz": "timestamp", "timestamp_ms": "timestamp", "date32": "date", "binary": "bytes", "blob": "bytes", "byte_array": "bytes", "bson": "bytes",
	"struct": "group", "record": "group", "object": "group", "array": "list", "variant": "json", "guid": "uuid",
}

const columnTypes = "bool, int32, int64, float, double, string, bytes, timestamp, date, time, decimal, uuid, json, group, list, map"

// checkColumns finds every mistake in declared columns, where package schema
// stops at the first.
func checkColumns(path string, fields []schema.FieldConfig, r *reader) {
	seen := map[string]int{}
	for i := range fields {
		f, at := &fields[i], fmt.Sprintf("%s[%d]", path, i)
		first, twice := seen[f.Name]
		switch {
		case f.Name == "":
			r.fail(fmt.Errorf("%s.name: it is missing: write the name of the field", at))
		case twice:
			r.fail(fmt.Errorf("%s.name: %q is that of the column %d too: write another name, or remove one of them", at, f.Name, first+1))
		default:
			seen[f.Name] = i
		}
		checkColumn(at, f, r)
	}
}

func checkColumn(at string, f *schema.FieldConfig, r *reader) {
	t, known := schema.ParseType(f.Type)
	if !known {
		r.fail(unknownType(at, f))
		return
	}
	switch f.Unit {
	case "", "seconds", "millis", "micros", "nanos":
	default:
		r.fail(fmt.Errorf("%s.unit: %q is no unit: write seconds, millis, micros or nanos", at, f.Unit))
	}
	if f.Local && t != schema.Timestamp {
		r.fail(fmt.Errorf("%s.local: a column of the type %s has no zone: write type: timestamp, or remove it", at, f.Type))
	}
	if f.Size < 0 || f.Size > 0 && t != schema.Bytes {
		r.fail(fmt.Errorf("%s.size: \"%d\" is no size of a column of the type %s: write type: bytes and a number of bytes, or remove it", at, f.Size, f.Type))
	}
	if t == schema.Decimal && (f.Precision < 1 || f.Precision > 38) {
		r.fail(fmt.Errorf("%s.precision: \"%d\" is no number of digits: write 1 to 38", at, f.Precision))
	} else if t == schema.Decimal && (f.Scale < 0 || f.Scale > f.Precision) {
		r.fail(fmt.Errorf("%s.scale: \"%d\" is out of range: write 0 to the precision, %d", at, f.Scale, f.Precision))
	}
	switch {
	case t == schema.Group && len(f.Fields) == 0:
		r.fail(fmt.Errorf("%s.fields: a group without fields has no column: write fields: [...]", at))
	case t != schema.Group && len(f.Fields) > 0:
		r.fail(fmt.Errorf("%s.fields: a column of the type %s has none: write type: group, or remove them", at, f.Type))
	}
	switch {
	case t == schema.List && f.Items == nil:
		r.fail(fmt.Errorf("%s.items: a list without items has no column: write items: {type: string}", at))
	case t != schema.List && f.Items != nil:
		r.fail(fmt.Errorf("%s.items: a column of the type %s has none: write type: list, or remove them", at, f.Type))
	}
	switch {
	case t == schema.Map && f.Values == nil:
		r.fail(fmt.Errorf("%s.values: a map without values has no column: write values: {type: string}", at))
	case t != schema.Map && f.Values != nil:
		r.fail(fmt.Errorf("%s.values: a column of the type %s has none: write type: map, or remove them", at, f.Type))
	}
	checkColumns(at+".fields", f.Fields, r)
	if f.Items != nil {
		checkColumn(at+".items", f.Items, r)
	}
	if f.Values != nil {
		checkColumn(at+".values", f.Values, r)
	}
}

func unknownType(at string, f *schema.FieldConfig) error {
	name := f.Type
	lower := strings.ToLower(name)
	mean := otherTypes[lower]
	if _, ok := schema.ParseType(lower); ok {
		mean = lower
	}
	switch {
	case name == "" && len(f.Fields) > 0:
		return fmt.Errorf("%s.type: it is missing: write group, which is the type of a column with fields", at)
	case name == "":
		return fmt.Errorf("%s.type: it is missing: write %s", at, columnTypes)
	case mean != "":
		return fmt.Errorf("%s.type: %q is no type of columns: write %s, one of %s (did you mean %s?)", at, name, mean, columnTypes, mean)
	}
	return fmt.Errorf("%s.type: %q is no type of columns: write one of %s", at, name, columnTypes)
}
