package config

import "github.com/redpanda-data/benthos/v4/public/service"

// lintFunction is the Bloblang function behind the spec's lint rule.
const lintFunction = "s3_destination_findings"

// Spec is the configuration of the output, with its lint rule.
func Spec() *service.ConfigSpec {
	return spec().LintRule("root = " + lintFunction + "(this)")
}

// spec is the configuration without the lint rule, which itself parses with it.
func spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Stable().
		Categories("Services", "AWS").
		Summary("Lands records in an S3 bucket as partitioned, size-capped csv, json, parquet or avro objects, and acknowledges each record only when the object that holds it is durable.").
		Description(description).
		Fields(new(draft).settings().fields()...).
		Example("Kafka to gzipped JSON lines by day", exampleKafkaSummary, exampleKafka).
		Example("Daily CSV files named by table and chunk", exampleCSVSummary, exampleCSV)
}

const description = `
Records are collected per partition across batches, and a partition's chunk is rolled into an object by size, age, record count, an idle input, memory, or shutdown. Objects are named by ` + "`folder` and `file_name`" + `, templates with placeholders in double braces. Nothing is ever overwritten: a name that is taken moves on to the next chunk id.

A write call is held open until all of its records are durable, so inputs must be allowed to have many records un-acknowledged. For Kafka use the input ` + "`s3_destination_kafka`" + `, which has nothing to adjust; others need a large ` + "`checkpoint_limit`" + ` and batches.`

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
