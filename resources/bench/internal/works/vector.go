package works

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

// VectorCommand starts Vector with as many threads as the others have processors. It
// logs warnings and errors.
func VectorCommand(binary string, threads int) []string {
	return []string{binary, "--quiet", "--threads", strconv.Itoa(threads)}
}

// vectorSink is the output of Vector. batch_encoding is what Parquet needs; without it
// objects are JSON lines. A source answers when its records are stored (acknowledgements).
// The limit of bytes is of records in memory, and so high that others are met first. As
// many requests may be under way as with Redpanda Connect.
const vectorSink = `
sinks:
  out:
    type: aws_s3
    inputs: [ in ]
    bucket: bench
    region: us-east-1
    endpoint: %s
    force_path_style: true
    auth: { access_key_id: %s, secret_access_key: %s }
    key_prefix: out/
    filename_extension: %s
    compression: none
    encoding: { codec: json }
    framing: { method: newline_delimited }%s
    batch: { max_events: %d, max_bytes: 1000000000, timeout_secs: %s }
    request: { concurrency: 64 }
    acknowledgements: { enabled: true }
    healthcheck: { enabled: false }
`

// VectorHTTPConfig is Vector: objects of a tenth of a second, as ours. Its log namespace
// adds no fields to the records, so that the objects have what those of the others have.
func VectorHTTPConfig(r HTTPRun) string {
	framing := "bytes"
	if !r.Body.Array && r.Body.Records > 1 {
		framing = "newline_delimited"
	}
	return fmt.Sprintf(`data_dir: '%s'
sources:
  in:
    type: http_server
    address: '%s'
    path: %s
    framing: { method: %s }
    decoding: { codec: json }
    log_namespace: true`, r.Spool, r.Listen, HTTPPath, framing) +
		fmt.Sprintf(vectorSink, r.Endpoint, accessKey, secretKey, "json", "", Batch, "0.1")
}

// VectorStdinConfig is Vector that reads lines from standard input, as OurStdinConfig.
// schema is the file of VectorSchema; without one, Vector finds out the columns of each
// object of Parquet.
func VectorStdinConfig(format string, server Endpoint, dir, schema string) string {
	more := ""
	if format == "parquet" {
		more = "\n    batch_encoding: { codec: parquet, compression: { algorithm: snappy }, schema_mode: auto_infer }"
		if schema != "" {
			more = strings.Replace(more, "schema_mode: auto_infer", "schema_file: '"+schema+"'", 1)
		}
	}
	if server.CA != "" {
		more += "\n    tls: { ca_file: '" + server.CA + "' }"
	}
	return fmt.Sprintf(`data_dir: '%s'
sources:
  in:
    type: stdin
    framing: { method: newline_delimited }
    decoding: { codec: json }
    log_namespace: true`, dir) +
		fmt.Sprintf(vectorSink, server.URL, accessKey, secretKey, format, more, Batch, "60")
}

// VectorSchema is the schema of a data set, as Parquet writes one.
func VectorSchema(d dataset.Name) string {
	var b strings.Builder
	b.WriteString("message row {\n")
	for _, c := range columns(d) {
		if c.kind == nested {
			b.WriteString(map[string]string{"geo": vectorGeo, "tags": vectorTags}[c.name])
			continue
		}
		kinds := map[kind]string{word: "binary %s (UTF8)", text: "binary %s (UTF8)", whole: "int64 %s", number: "double %s", flag: "boolean %s"}
		demand := "required"
		if c.nullable {
			demand = "optional"
		}
		fmt.Fprintf(&b, "  %s "+kinds[c.kind]+";\n", demand, c.name)
	}
	return b.String() + "}\n"
}

const (
	vectorGeo = `  required group geo {
    required binary city (UTF8);
    required double lat;
    required double lon;
  }
`
	vectorTags = `  required group tags (LIST) {
    repeated group list {
      required binary element (UTF8);
    }
  }
`
)
