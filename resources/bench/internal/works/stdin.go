package works

import "fmt"

// Endpoint is where a server answers. CA is the file of its certificate, empty for http.
type Endpoint struct{ URL, CA string }

// OurStdinConfig is our side that reads lines from standard input. Objects have as many
// records as those of Vector.
func OurStdinConfig(format string, server Endpoint) string {
	fields := "file_format: " + format
	if server.CA != "" {
		fields += "\nupload: { ca_file: '" + server.CA + "' }"
	}
	if format == "parquet" {
		fields += "\nparquet: { compression: snappy }"
	}
	return fmt.Sprintf(`http: { enabled: false }
logger: { level: ERROR }
metrics: { none: {} }
input:
  stdin: { scanner: { s3_destination_records: {} } }
output:
  s3_destination:%s
`, indent(4, fmt.Sprintf(`bucket: bench
region: us-east-1
endpoint: %s
force_path_style_urls: true
auth: { mode: access_key, access_key_id: %s, secret_access_key: %s }
health_check: { enabled: false }
folder: out
file_name: e-{{uuid}}
max_records: %d
%s`, server.URL, accessKey, secretKey, Batch, fields)))
}
