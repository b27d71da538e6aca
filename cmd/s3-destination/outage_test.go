package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// What an operator who is woken up has: one line when an outage begins, which
// names bucket, endpoint, class, what waits, cause and remedy; the same in
// /ready; and the metric that the alert is about.
func TestTheFirstLineOfAnOutageTellsWhatToDo(t *testing.T) {
	html := func(status int) s3test.Action {
		return func(x *s3test.Exchange) {
			x.W.Header().Set("Content-Type", "text/html")
			x.W.WriteHeader(status)
			_, _ = x.W.Write([]byte("<html>log in</html>"))
		}
	}
	for class, c := range map[string]struct {
		long   bool
		fault  s3test.Action
		cause  string
		remedy string
	}{
		"denied":       {false, s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied"), "AccessDenied (HTTP 403)", "s3:PutObject"},
		"not_s3":       {false, html(http.StatusOK), "HTML", "is it a login page, a proxy"},
		"network":      {true, s3test.Reset(0), "tcp 127.0.0.1", "check the network"},
		"credentials":  {true, s3test.FailAfterBody(http.StatusForbidden, "InvalidAccessKeyId", "unknown key"), "InvalidAccessKeyId", "check the access key"},
		"kms":          {true, s3test.FailAfterBody(http.StatusBadRequest, "KMS.DisabledException", "the key is disabled"), "KMS.DisabledException", "key"},
		"no_bucket":    {true, s3test.FailAfterBody(http.StatusNotFound, "NoSuchBucket", "gone"), "NoSuchBucket", "create the bucket"},
		"throttled":    {true, s3test.SlowDown(0), "SlowDown", "spread keys over more prefixes"},
		"clock_skew":   {true, s3test.FailAfterBody(http.StatusForbidden, "RequestTimeTooSkewed", "late"), "RequestTimeTooSkewed", "clock"},
		"wrong_region": {true, s3test.Redirect("eu-central-1"), "eu-central-1", "set region"},
	} {
		t.Run(class, func(t *testing.T) {
			if c.long {
				long.Skip(t)
			}
			t.Parallel()
			s := s3test.StartT(t, s3test.Config{})
			p := start(t, `
input:
  generate: {interval: 20ms, mapping: 'root = {"id": counter()}'}
`+outputConfig(s, "    max_age: 200ms\n    health_check: {interval: 1h}\n    retry: {initial_interval: 100ms, max_interval: 500ms}\n"))
			require.Eventually(t, func() bool { status, _ := p.get("/ready"); return status == 200 }, patience, 50*time.Millisecond, "%s", &p.logs)
			s.Faults.Add(s3test.Rule{Do: c.fault})

			const first = "The destination does not accept data"
			require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), first) }, patience, 50*time.Millisecond, "%s", &p.logs)
			var line string
			for l := range strings.Lines(p.logs.String()) {
				if strings.Contains(l, first) {
					line = l
				}
			}
			for _, part := range []string{
				"level=error", first + " (" + class + "): bucket " + s.Bucket + " at " + s.URL + "; ",
				" wait, the oldest for ", c.cause, c.remedy,
			} {
				assert.Contains(t, line, part)
			}
			var said string
			require.Eventually(t, func() bool {
				var status int
				status, said = p.get("/ready")
				// Until the output has tried to connect again, Benthos says only that it is not.
				return status == http.StatusServiceUnavailable && strings.Contains(said, class+": ")
			}, patience, 50*time.Millisecond)
			for _, part := range []string{s.Bucket, s.URL, c.cause, c.remedy} {
				assert.Contains(t, said, part)
			}
			_, metrics := p.get("/metrics")
			assert.True(t, hasSample(metrics, "s3_destination_healthy", "0"), "S3DestinationDown")
			assert.True(t, hasSample(metrics, `s3_destination_requests_total{class="`+class+`"`, ""))

			time.Sleep(time.Second) // a line a change, not one a batch
			assert.Equal(t, 1, strings.Count(p.logs.String(), first), "%s", &p.logs)
			assert.LessOrEqual(t, strings.Count(p.logs.String(), "level=error"), 2, "Benthos says once that it is not connected: %s", &p.logs)
			s.Faults.Clear()
			p.terminate(t)
		})
	}
}
