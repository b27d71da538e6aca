package output

import "github.com/redpanda-data/benthos/v4/public/service"

func columnarFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewObjectField(fieldParquet,
			service.NewStringEnumField(fieldCompression, "zstd", "snappy", "gzip", "lz4_raw", "none").
				Description("The codec of pages.").
				Default("zstd"),
			service.NewIntField(fieldParquetLevel).
				Description("The level of zstd (1 to 22) or gzip (1 to 9); `0` means 1 for zstd, and 5 for gzip. Level 3 of zstd makes files 4 to 7 % smaller, in a third more time.").
				Default(0),
			service.NewStringField(fieldRowGroupSize).
				Description("The uncompressed size at which a row group ends. An encoder holds one in memory.").
				Default("64MiB"),
			service.NewStringField(fieldPageSize).
				Description("About the uncompressed size of a page.").
				Default("1MiB"),
			service.NewStringListField(fieldBloomFilters).
				Description("The paths of columns that get a bloom filter.").
				Default([]any{}).
				Example([]any{"user.id", "tags.list.element"}),
		).Description("Options of the format parquet.").Advanced(),
		service.NewObjectField(fieldAvro,
			service.NewStringEnumField(fieldAvroCodec, "snappy", "deflate", "zstandard", "null").
				Description("The codec of blocks.").
				Default("snappy"),
			service.NewIntField(fieldAvroLevel).
				Description("The level of deflate (1 to 9) or zstandard (1 to 22); `0` means the codec's default.").
				Default(0),
			service.NewStringField(fieldAvroBlockSize).
				Description("The uncompressed size at which a block ends.").
				Default("128KiB"),
			service.NewStringField(fieldAvroRecordName).
				Description("The name of the record type.").
				Default("Record"),
		).Description("Options of the format avro.").Advanced(),
		service.NewBoolField(fieldBinaryStrings).
			Description("Write text as plain bytes: Parquet columns without the string annotation, Avro fields of the type bytes. Only for parquet and avro.").
			Default(false).Advanced(),
		schemaField(),
	}
}

func schemaField() *service.ConfigField {
	return service.NewObjectField(fieldSchema,
		service.NewStringAnnotatedEnumField(fieldSchemaMode, map[string]string{
			"infer":    "Columns and types are learned from the records. Types are remembered and only ever widen, so that a column never changes back and forth between files.",
			"fixed":    "Columns are declared by `fields` or `file`.",
			"metadata": "Each record brings its schema along in metadata, as the `schema_registry_decode` processor stores it. Records of different schemas go to different files.",
		}).
			Description("Where the columns come from.").
			Default("infer"),
		service.NewAnyListField(fieldSchemaFields).
			Description("The columns, in order, for the mode `fixed`. Each has a `name` and a `type` (bool, int32, int64, double, string, bytes, timestamp, date, time, decimal, uuid, json, group, list), and may have `optional`, `precision` and `scale` (decimal), `unit` (seconds, millis, micros or nanos, of bare numbers in a timestamp or time), `base64` (bytes), `fields` (of a group) and `items` (of a list).").
			Default([]any{}).
			Example([]any{
				map[string]any{"name": "id", "type": "int64"},
				map[string]any{"name": "amount", "type": "decimal", "precision": 12, "scale": 2, "optional": true},
				map[string]any{"name": "tags", "type": "list", "items": map[string]any{"type": "string"}},
			}),
		service.NewStringField(fieldSchemaFile).
			Description("The path of an Avro schema (.avsc) that declares the columns, instead of `fields`.").
			Default(""),
		service.NewStringField(fieldSchemaMetadata).
			Description("The metadata key that holds the schema, for the mode `metadata`.").
			Default("schema"),
		service.NewBoolField(fieldInferTimestamps).
			Description("Make columns of RFC 3339 strings timestamps, in the mode `infer`.").
			Default(false),
		service.NewStringEnumField(fieldOnUnknownField, "default", "add", "drop", "reject").
			Description("What becomes of a field that the schema does not have: it gets a column, is left out, or makes the record a bad one. The default is `add` when inferring and `reject` otherwise.").
			Default("default"),
		service.NewStringEnumField(fieldOnTypeMismatch, "default", "widen", "string", "reject", "rescue").
			Description("What becomes of a value that its column cannot hold: the column is widened (integers and doubles to double, anything else to string), becomes a string at once, the record is a bad one, or the value is kept as JSON in the column `_rescued_data`. The default is `widen` when inferring and `reject` otherwise.").
			Default("default"),
		service.NewIntField(fieldMaxColumns).
			Description("How many columns inference adds at most; a record that needs more is a bad one.").
			Default(5000),
	).Description("The columns of parquet and avro objects.").Advanced()
}
