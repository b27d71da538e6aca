package works

import (
	"fmt"
	"strings"
)

// HTTPRun is what the configuration of a pipeline that takes requests needs to know
// about the run.
type HTTPRun struct {
	// Listen is where records are posted, Admin where /ready, /metrics and profiles are.
	Listen, Admin string
	// Endpoint is the URL of the S3 server.
	Endpoint string
	// Spool is a directory, empty for none.
	Spool string
	// Body is what a request has.
	Body Body
}

// Body is what a request has.
type Body struct {
	// ID names it for people who choose works, Name in the table.
	ID, Name string
	// Records are how many it has.
	Records int
	// Type is its content type.
	Type string
	// Array: the records are elements of an array, and else lines.
	Array bool
	// unarchive is how processors of Benthos tell the records apart; empty for no need.
	unarchive string
}

// Bodies are those of the table, in order.
var Bodies = []Body{
	{ID: "one", Name: "one record", Records: 1, Type: "application/json"},
	{ID: "array", Name: "an array of 100", Records: 100, Type: "application/json", Array: true, unarchive: "json_array"},
	{ID: "lines", Name: "100 lines", Records: 100, Type: "application/x-ndjson", unarchive: "lines"},
}

// HTTPPath is where records are posted.
const HTTPPath = "/events"

const httpCommon = `http: { address: '%s', debug_endpoints: true }
logger: { level: ERROR }
metrics: { prometheus: {} }
input:%s
output:%s
`

// HTTPInput is the input of a configuration.
type HTTPInput func(r HTTPRun) string

// OwnInput is ours, which takes every kind of body.
func OwnInput(r HTTPRun) string {
	return fmt.Sprintf("s3_destination_http:\n  address: %s\n  path: %s", r.Listen, HTTPPath)
}

// OneBody is the input of Benthos for the one kind of body that is posted.
func OneBody(r HTTPRun) string {
	if r.Body.unarchive == "" {
		return benthosInput(r)
	}
	return benthosInput(r) + "\nprocessors:\n  - unarchive: { format: " + r.Body.unarchive + " }"
}

// AnyBody is the input of Benthos with the processors of config/docker.yaml, which take
// every kind of body.
func AnyBody(r HTTPRun) string { return benthosInput(r) + anyBody }

const anyBody = `
processors:
  - switch:
      - check: meta("Content-Encoding").or("") == "gzip"
        processors: [ { decompress: { algorithm: gzip } } ]
  - switch:
      - check: errored()
        processors: [ { noop: {} } ]
      - check: content().re_match("^\\s*\\[")
        processors: [ { unarchive: { format: json_array } } ]
      - check: content().re_match("^\\s*\\{\\s*\\n")
        processors: [ { noop: {} } ]
      - processors:
          - unarchive: { format: lines }
          - mapping: 'root = if content().trim().length() == 0 { deleted() }'`

// OurHTTPConfig is our side, with any input. fields are those of s3_destination.
func OurHTTPConfig(r HTTPRun, input HTTPInput, fields string) string {
	fields += fmt.Sprintf(`
bucket: bench
region: us-east-1
endpoint: %s
force_path_style_urls: true
auth: { mode: access_key, access_key_id: %s, secret_access_key: %s }
health_check: { enabled: false }
on_bad_record: dead_letter
folder: out
file_name: e-{{uuid}}`, r.Endpoint, accessKey, secretKey)
	if r.Spool != "" {
		fields += "\nspool: { path: '" + r.Spool + "' }"
	}
	return fmt.Sprintf(httpCommon, r.Admin, indent(2, input(r)), indent(2, "s3_destination:"+indent(2, strings.TrimSpace(fields))))
}

func benthosInput(r HTTPRun) string {
	return fmt.Sprintf("http_server:\n  address: %s\n  path: %s\n  ws_path: ''\n  timeout: 30s", r.Listen, HTTPPath)
}

// PeerHTTPConfig is Redpanda Connect: objects of a tenth of a second, as ours.
func PeerHTTPConfig(r HTTPRun) string {
	common := strings.Replace(httpCommon, "prometheus", "none", 1) // which this binary does not have
	return fmt.Sprintf(common, r.Admin, indent(2, OneBody(r)), indent(2, fmt.Sprintf(`aws_s3:
  bucket: bench
  region: us-east-1
  endpoint: %s
  force_path_style_urls: true
  credentials: { id: %s, secret: %s }
  max_in_flight: 64
  path: 'out/${! uuid_v4() }.json'
  batching:
    count: %d
    period: %s
    processors: [ { archive: { format: lines } } ]`, r.Endpoint, accessKey, secretKey, Batch, HTTPAge)))
}

// HTTPAge is how old an object becomes where clients wait for it.
const HTTPAge = "100ms"
