// Package scaffold writes pipelines to begin with: from a few choices, with comments
// that say what else there is, and so that lint has nothing to say.
package scaffold

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

// Choices are what a pipeline is made of. Empty ones are the first of their kind.
type Choices struct {
	// From is one of [Inputs], Format one of [Formats], Auth one of [Auths].
	From, Format, Auth string
	// Compression is one of those of the format: see [Compressions].
	Compression string
	// ExactlyOnce and Spool say what a record is acknowledged by, where it is not the
	// object in the bucket.
	ExactlyOnce, Spool bool
	Bucket, Region     string
	// File is the name that the pipeline will have.
	File string
}

// The choices that there are; the first is taken where nothing is said.
var (
	Inputs  = []string{"kafka", "http_server", "file", "stdin"}
	Formats = []string{"json", "parquet", "csv", "avro"}
	Auths   = []string{"default", "access_key", "bucket_policy", "assume_role"}
)

var compressions = map[string][]string{
	"json":    {"gzip", "none"},
	"csv":     {"gzip", "none"},
	"parquet": {"zstd", "snappy", "gzip", "lz4_raw", "none"},
	"avro":    {"snappy", "zstandard", "deflate", "none"},
}

// Compressions are those of a format; the first is taken where nothing is said.
func Compressions(format string) []string { return compressions[format] }

// Complete fills in what is not said, and refuses what does not go together.
func (c Choices) Complete() (Choices, error) {
	for _, choice := range []struct {
		flag   string
		value  *string
		values []string
	}{{"--from", &c.From, Inputs}, {"--format", &c.Format, Formats}, {"--auth", &c.Auth, Auths}} {
		if err := choose(choice.flag, choice.value, choice.values); err != nil {
			return c, err
		}
	}
	if err := choose("--compression", &c.Compression, compressions[c.Format]); err != nil {
		return c, fmt.Errorf("%w, as the format is %s", err, c.Format)
	}
	switch {
	case c.ExactlyOnce && c.From != "kafka":
		return c, fmt.Errorf("--exactly-once: it needs offsets of Kafka, and the input is %s: write --from kafka, or leave it out", c.From)
	case c.ExactlyOnce && c.Spool:
		return c, fmt.Errorf("--exactly-once and --spool: offsets of records in a spool are committed before their objects are stored, which exactly_once does not allow: leave out one of them")
	}
	for value, otherwise := range map[*string]string{&c.Bucket: "my-bucket", &c.Region: "eu-west-1", &c.File: "pipeline.yaml"} {
		if *value == "" {
			*value = otherwise
		}
	}
	return c, nil
}

func choose(flag string, value *string, values []string) error {
	if *value == "" {
		*value = values[0]
	}
	if !slices.Contains(values, *value) {
		return fmt.Errorf("%s %s is unknown: write one of %s", flag, *value, strings.Join(values, ", "))
	}
	return nil
}

//go:embed pipeline.yaml.tmpl
var text string

var page = template.Must(template.New("pipeline").Parse(text))

// view is what the template is given.
type view struct {
	Choices
	Title, Run                string
	Ends                      bool // the input does
	FileFormat                string
	Block, Setting, Codec     string // the compression, where it is a setting
	Columns                   bool
	Size, Age, AgeWhy, Memory string
}

// SchemaURL is where editors find what a pipeline may have; a comment that they know
// names it at the beginning of one.
const SchemaURL = "https://raw.githubusercontent.com/s3-destination/s3-destination/main/docs/reference/pipeline.schema.json"

// Pipeline is the text of a pipeline, in YAML.
func (c Choices) Pipeline() (string, error) {
	c, err := c.Complete()
	if err != nil {
		return "", err
	}
	v := view{Choices: c, FileFormat: c.Format, Columns: c.Format != "json", Ends: c.From == "file" || c.From == "stdin"}
	v.compress()
	v.roll()
	v.introduce()
	var b strings.Builder
	b.WriteString("# yaml-language-server: $schema=" + SchemaURL + "\n")
	if err := page.Execute(&b, v); err != nil {
		return "", fmt.Errorf("writing the pipeline: %w", err)
	}
	return b.String(), nil
}

// compress says how objects are compressed, where that is not the default.
func (v *view) compress() {
	switch codec := v.Compression; {
	case v.Format == "parquet":
		v.Block, v.Setting, v.Codec = "parquet", "compression", codec
	case v.Format == "avro" && codec == "none":
		v.Block, v.Setting, v.Codec = "avro", "codec", `"null"`
	case v.Format == "avro":
		v.Block, v.Setting, v.Codec = "avro", "codec", codec
	case codec == "gzip":
		v.FileFormat += "+gzip"
	}
}

// roll says when an object ends.
func (v *view) roll() {
	v.Size, v.Age, v.Memory = "64MB", "5m", "512MiB"
	if v.Format == "parquet" {
		v.Size, v.Memory = "128MB", "2GiB" // what query engines like
	}
	switch {
	case v.Spool:
		v.Age, v.AgeWhy = "15m", " # nobody waits for it"
	case v.From == "http_server":
		v.Age, v.AgeWhy = "5s", " # how long a client waits at most for its answer"
	}
}

// introduce says what the pipeline does.
func (v *view) introduce() {
	v.Run = "BUCKET=" + v.Bucket + " AWS_REGION=" + v.Region + " s3-destination run " + v.File
	from := map[string]string{"kafka": "Kafka", "http_server": "HTTP requests", "file": "Files of JSON lines", "stdin": "JSON lines from standard input"}[v.From]
	v.Title = from + " to S3, as objects of " + v.FileFormat + "."
	switch v.From {
	case "kafka":
		v.Run = "KAFKA_BROKERS=broker:9092 KAFKA_TOPIC=events \\\n#   " + v.Run
	case "file":
		v.Run = "FILES='data/*.jsonl' " + v.Run
	case "stdin":
		v.Run += " < records.jsonl"
	}
}
