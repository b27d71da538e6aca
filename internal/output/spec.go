package output

import "github.com/redpanda-data/benthos/v4/public/service"

// Name is what the output is called in a configuration.
const Name = "s3_destination"

// lintFunction is the Bloblang function behind the spec's lint rule.
const lintFunction = "s3_destination_findings"

// Spec is the configuration of the output, with its lint rule.
func Spec() *service.ConfigSpec {
	return fields().LintRule("root = " + lintFunction + "(this)")
}

// fields is the configuration without the lint rule, which itself parses with
// it.
func fields() *service.ConfigSpec {
	return service.NewConfigSpec().
		Stable().
		Categories("Services", "AWS").
		Summary("Lands records in an S3 bucket as partitioned, size-capped csv, json, parquet or avro objects, and acknowledges each record only when the object that holds it is durable.").
		Description(description).
		Fields(destinationFields()...).
		Fields(namingFields()...).
		Fields(formatFields()...).
		Fields(columnarFields()...).
		Fields(sourceFields()...).
		Fields(rollFields()...).
		Fields(badRecordFields()...).
		Fields(accessFields()...).
		Fields(healthFields()...).
		Fields(objectFields()...).
		Fields(tuningFields()...).
		Example("Kafka to gzipped JSON lines by day", exampleKafkaSummary, exampleKafka).
		Example("Daily CSV files named by table and chunk", exampleCSVSummary, exampleCSV)
}

const description = `
Records are collected per partition across batches, and a partition's chunk is rolled into an object by size, age, record count, an idle input, memory, or shutdown. Objects are named by ` + "`folder` and `file_name`" + `, templates with placeholders in double braces. Nothing is ever overwritten: a name that is taken moves on to the next chunk id.

A write call is held open until all of its records are durable, so inputs must be allowed to have many records un-acknowledged: for Kafka set a large ` + "`checkpoint_limit`" + ` and batch at the input.`

const exampleKafkaSummary = "Records of a topic land in one folder a day, by the date of each record, in objects of at most 128 MB."

const exampleKafka = `
output:
  s3_destination:
    bucket: my-bucket
    region: eu-west-1
    folder: 'events/date={{YYYY}}-{{MM}}-{{DD}}'
    file_name: 'events-{{chunk_id}}-{{uuid}}'
    file_format: json+gzip
    date_field: created_at
    max_file_size: 128MB
    max_age: 5m
`

const exampleCSVSummary = "One file name a day for each table, numbered within the name, with the keys of a user made for the writer."

const exampleCSV = `
output:
  s3_destination:
    bucket: my-bucket
    region: eu-west-1
    folder: '/{{workspace_id}}/{{data_source}}'
    file_name: '{{filename}}-{{YYYY_today}}-{{MM_today}}-{{DD_today}}-{{chunk_id}}'
    file_format: csv
    separator: semicolon
    max_file_size: 64MB
    variables:
      workspace_id: ws1
      data_source: ${! json("source") }
      filename: ${! metadata("table") }
    auth:
      mode: access_key
      access_key_id: ${AWS_KEY}
      secret_access_key: ${AWS_SECRET}
`

func destinationFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringField(fieldBucket).
			Description("The bucket to write to. It must exist; it is never created. A general purpose bucket, a directory bucket (`name--zone--x-s3`), or an access point by its ARN or alias.").
			Example("my-bucket").Example("arn:aws:s3:eu-west-1:111122223333:accesspoint/landing"),
		service.NewStringField(fieldRegion).
			Description("The region of the bucket. Taken from the environment (`AWS_REGION`, profile) when empty, or from the ARN of an access point.").
			Default("").Example("eu-west-1"),
		service.NewStringField(fieldEndpoint).
			Description("The URL of an S3-compatible store; empty means AWS. Also decides what `checksum: auto` is.").
			Default("").Advanced().Example("http://localhost:9000"),
		service.NewBoolField(fieldPathStyle).
			Description("Put the bucket into the path of URLs instead of the host name, as most S3-compatible stores need.").
			Default(false).Advanced(),
	}
}

func namingFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringField(fieldFolder).
			Description("A template for the part of the key up to its last slash. A leading slash is dropped; empty means the root of the bucket. See the guide on names for every placeholder.").
			Default("").
			Example("{{workspace_id}}/{{data_source}}/{{YYYY}}/{{MM}}/{{DD}}").
			Example("events/date={{YYYY_today}}-{{MM_today}}-{{DD_today}}"),
		service.NewStringField(fieldFileName).
			Description("A template for the rest of the key. The extension of the format is appended unless the template itself ends with it.").
			Default("{{timestamp}}-{{chunk_id}}-{{uuid}}").
			Example("{{filename}}-{{YYYY_today}}-{{MM_today}}-{{DD_today}}-{{chunk_id}}"),
		service.NewStringEnumField(fieldFileFormat, fileFormats...).
			Description("The format of the objects, which also decides their extension. `json` is newline-delimited unless `json.layout` says otherwise."),
		service.NewInterpolatedStringMapField(fieldVariables).
			Description("Values of your own placeholders, evaluated for each record. The simple forms `json(\"a.b\")`, `this.a.b`, `meta(\"x\")`, `metadata(\"x\")`, `@x` and literal text are answered without parsing the record and cost next to nothing. What becomes of an empty or missing value is for `on_missing_variable` to say.").
			Default(map[string]any{}).
			Example(map[string]any{"workspace_id": "ws1", "data_source": `${! json("source") }`}),
		service.NewStringEnumField(fieldOnMissingVariable, "default", "reject").
			Description("What becomes of a record where a variable in the names is missing, null or empty: `default` puts `__HIVE_DEFAULT_PARTITION__` into the name, `reject` treats it as a bad record.").
			Default("default"),
		service.NewBoolField(fieldLoadByAccount).
			Description("Permits the placeholder `{{account}}`, which separates the objects of each account.").
			Default(false),
		service.NewStringEnumField(fieldPartitionBy, "auto", "none", "hour", "day", "month").
			Description("How finely the names may split records by their own date, as a check: a placeholder finer than this is an error, and names that do not tell its steps apart are warned about. What splits them is the placeholders `{{YYYY}} {{MM}} {{DD}} {{HH}}`, which `auto` follows.").
			Default("auto"),
		service.NewStringField(fieldDateField).
			Description("Where a record keeps the date that `{{YYYY}} {{MM}} {{DD}} {{HH}}` stand for: a dot path into the record, or `@name` / `meta(\"name\")` for its metadata.").
			Default("").Example("event.created_at").Example("@kafka_timestamp_ms"),
		service.NewStringField(fieldDateFormat).
			Description("How that date is written. `auto` reads ISO 8601 (RFC 3339, `20250707T121517Z`, days of a week or a year, ...), `YYYY/MM/DD`, and Unix time, whose unit it tells by magnitude. `unix`, `unix_ms`, `unix_us` and `unix_ns` are Unix time in seconds, milliseconds, microseconds or nanoseconds. Anything else is a Go reference layout. Of a list, separated by `|`, the first format that can read a date is taken.").
			Default("auto").Advanced().Example("unix_ms").Example("02.01.2006 15:04").Example("02.01.2006 | unix | auto"),
		service.NewStringField(fieldTimezone).
			Description("The IANA time zone in which dates and clock placeholders are rendered.").
			Default("UTC").Example("Europe/Berlin"),
		service.NewStringEnumField(fieldOnMissingDate, "reject", "today").
			Description("What becomes of a record without its date (missing, null, empty, or a zero time): `reject` treats it as a bad record, `today` uses the clock.").
			Default("reject"),
	}
}

func formatFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringEnumField(fieldSeparator, "comma", "semicolon", "tab").
			Description("The character between CSV cells. Only for csv formats.").
			Default("comma"),
		service.NewObjectField(fieldCSV,
			service.NewBoolField(fieldCSVHeader).
				Description("Begin every object with a row of column names.").
				Default(true),
		).Description("Options of the csv formats.").Advanced(),
		service.NewObjectField(fieldJSON,
			service.NewStringEnumField(fieldJSONLayout, "lines", "array").
				Description("`lines` writes one record a line, `array` one JSON array an object.").
				Default("lines"),
		).Description("Options of the json formats.").Advanced(),
		service.NewIntField(fieldCompressionLevel).
			Description("The gzip level of `csv+gzip` and `json+gzip`, from 1 (fast) to 9 (small).").
			Default(5).Advanced(),
	}
}

func rollFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringField(fieldMaxFileSize).
			Description("The largest object, in bytes as stored: encoded and compressed. A bare number is in MB; `0` means no limit. Never exceeded, except by a record that alone is larger.").
			Default(defaultMaxFileSize).Example("128").Example("64MiB"),
		service.NewIntField(fieldMaxRecords).
			Description("The largest number of records in an object; `0` means no limit.").
			Default(0).Advanced(),
		service.NewDurationField(fieldMaxAge).
			Description("How long the first record of an object may wait before the object is written. The delay that readers see, and the duplicates after a crash, are bounded by this.").
			Default("1m"),
		service.NewDurationField(fieldIdleTimeout).
			Description("Write everything when records wait and nothing arrived for this long, or for twice the longest recent gap between arrivals when that is more. This is how a finite input ends; `0s` disables it.").
			Default("2s").Advanced(),
		service.NewIntField(fieldMaxOpenPartitions).
			Description("The largest number of partitions collected at once; beyond it the oldest is written. `0` means no limit.").
			Default(20000).Advanced(),
		service.NewStringField(fieldMemoryLimit).
			Description("The memory for records that are not yet durable, with the overhead of the framework and the encoded objects. Beyond 80% of it the largest partitions are written early; at the limit arrivals wait. A bare number is in MB.").
			Default("512MiB").Example("256MiB"),
	}
}

func badRecordFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringEnumField(fieldOnBadRecord, "reject", "dead_letter", "drop").
			Description("What becomes of a record that cannot be stored: `reject` reports it alone back to the pipeline (for a `fallback`, or a retry by the input), `dead_letter` stores it with the reason under `dead_letter_folder`, `drop` acknowledges and counts it.").
			Default("reject"),
		service.NewStringField(fieldDeadLetterFolder).
			Description("A template for the folder of dead letters, which may use the clock placeholders only. Empty means `_dead_letters/{{YYYY_today}}-{{MM_today}}-{{DD_today}}` below the fixed part of `folder`, so that a policy for that prefix covers it.").
			Default("").Advanced(),
		service.NewStringEnumField(fieldOnRefusedObject, "retry", "dead_letter").
			Description("What becomes of the records of an object that is refused while the destination accepts others, as a policy for its prefix may do. Its partition waits apart from the others, which go on. `retry` tries a small object of it again after 1s and up to 1m, as long as `retry.max_elapsed_time` allows; where more than half of `max_in_flight` or a quarter of `memory_limit` waits for such partitions, further records are reported back to the pipeline, which slows most inputs down. `dead_letter` does so at first, and stores the records under `dead_letter_folder` with the reason when three attempts in 10s or more were in vain, or more records come than may wait.").
			Default("retry").Advanced(),
	}
}

func healthFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewObjectField(fieldHealthCheck,
			service.NewBoolField(fieldHealthEnabled).
				Description("Write and delete a temporary object below the fixed part of `folder` at start and periodically, to find out whether the destination accepts data.").
				Default(true),
			service.NewDurationField(fieldHealthInterval).
				Description("The time between checks, varied by a fifth.").
				Default("5m"),
			service.NewDurationField(fieldHealthTimeout).
				Description("How long one check may take.").
				Default("30s").Advanced(),
			service.NewStringField(fieldHealthSize).
				Description("The size of the temporary object. A larger one, such as `2MiB`, also finds out at start when a gateway or proxy refuses requests of that size, and costs that much traffic with every check.").
				Default("0").Advanced(),
		).Description("The connection health check."),
	}
}
