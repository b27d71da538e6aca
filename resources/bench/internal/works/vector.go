package works

import (
	"fmt"
	"strconv"
)

// VectorCommand starts Vector with as many threads as the others have processors. It
// logs warnings and errors.
func VectorCommand(binary string, threads int) []string {
	return []string{binary, "--quiet", "--threads", strconv.Itoa(threads)}
}

// vectorSink is the output of Vector. A source answers when its records are stored (acknowledgements).
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
    framing: { method: newline_delimited }
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
		fmt.Sprintf(vectorSink, r.Endpoint, accessKey, secretKey, "json", Batch, "0.1")
}
