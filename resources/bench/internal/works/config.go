package works

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

// Run is what a configuration needs to know about the run.
type Run struct {
	// Name is the data set, Data its file, Records how many of it are served.
	Name    dataset.Name
	Data    string
	Records int
	// Batch is the number of records that the input hands over at once.
	Batch int
	// Copy gives every batch memory of its own, where memory is measured.
	Copy bool
	// InFlight replaces max_in_flight of our side, unless 0.
	InFlight int
	// Endpoint is the URL of the server, CA the file of its certificate.
	Endpoint, CA string
}

// Credentials of the server, which accepts any.
const accessKey, secretKey = "bench", "bench-secret"

// inFlight is how many calls of 1,000 records may wait: enough for several
// objects of Batch records, and far below what memory_limit allows.
func inFlight(d dataset.Name) int {
	if d == dataset.Wide {
		return 64
	}
	return 128
}

var ownInFlight = regexp.MustCompile(`(?m)^max_in_flight: (\d+|auto)$`)

// OurConfig is the stream of our side. fields are those of s3_destination;
// without any the records are dropped.
func OurConfig(fields string, r Run) string {
	if fields == "" {
		return stream(r, "", "drop: {}")
	}
	if r.InFlight > 0 {
		fields = ownInFlight.ReplaceAllString(fields, "") + fmt.Sprintf("\nmax_in_flight: %d", r.InFlight)
	}
	records := ""
	if !strings.Contains(fields, "max_in_flight") {
		records = fmt.Sprintf("\nmax_in_flight: %d", inFlight(r.Name))
	}
	if !strings.Contains(fields, "max_records") {
		records += fmt.Sprintf("\nmax_records: %d", Batch)
	}
	ca := ""
	if r.CA != "" {
		ca = "\nupload: { ca_file: " + r.CA + " }"
	}
	return stream(r, "", "s3_destination:"+indent(2, fmt.Sprintf(`bucket: bench
region: us-east-1
endpoint: %s
force_path_style_urls: true
auth: { mode: access_key, access_key_id: %s, secret_access_key: %s }
health_check: { enabled: false }
`, r.Endpoint, accessKey, secretKey)+fields+records+ca))
}

// PeerConfig is the stream of the peer.
func PeerConfig(p Peer, r Run) string {
	if p.Path == "" {
		return stream(r, "", "drop: {}")
	}
	return stream(r, p.Pipeline, "aws_s3:"+indent(2, fmt.Sprintf(`bucket: bench
region: us-east-1
endpoint: %s
force_path_style_urls: true
credentials: { id: %s, secret: %s }
max_in_flight: 64
timeout: 60s
path: '%s'
batching:
  count: %d
  period: 60s
  processors:`, r.Endpoint, accessKey, secretKey, p.Path, p.Batch)+indent(4, p.Batching)))
}

func stream(r Run, processors, output string) string {
	pipeline := ""
	if processors != "" {
		pipeline = "pipeline:\n  processors:" + indent(4, processors) + "\n"
	}
	return fmt.Sprintf(`http: { enabled: false }
logger: { level: ERROR }
metrics: { none: {} }
input:
  bench_input: { path: %s, records: %d, batch: %d, copy: %t }
%soutput:%s
`, r.Data, r.Records, cmp.Or(r.Batch, 1000), r.Copy, pipeline, indent(2, output))
}

// indent begins every line of a text on a new line, n columns in.
func indent(n int, text string) string {
	prefix := "\n" + strings.Repeat(" ", n)
	return prefix + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", prefix)
}
