package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// The health check and its circuit breaker as an operator sees them: metrics,
// and one line in the log for each change of state.
func TestMetricsAndLogOfTheHealthCheck(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Deny("DeleteObject")
	p := start(t, `
input:
  generate: {interval: 5ms, mapping: 'root = {"id": counter()}'}
`+outputConfig(s, "    max_age: 200ms\n    health_check: {interval: 1s}\n    retry: {initial_interval: 10ms, max_interval: 100ms}\n"))
	shows := func(want ...string) {
		t.Helper()
		var missing []string
		require.Eventually(t, func() bool {
			_, text := p.get("/metrics")
			missing = nil
			for _, w := range want {
				name, value, _ := strings.Cut(w, " ")
				if !hasSample(text, name, value) {
					missing = append(missing, w)
				}
			}
			return len(missing) == 0
		}, patience, 50*time.Millisecond, "missing: %q", &missing)
	}
	before := time.Now().Unix()
	shows("s3_destination_healthy 1", "s3_destination_probe_leftover 1", "s3_destination_conditional_writes 1",
		`s3_destination_probes_total{class="ok" `, "s3_destination_probe_latency_ns_count ", "s3_destination_last_healthy_timestamp_seconds ")
	_, text := p.get("/metrics")
	assert.GreaterOrEqual(t, sample(t, text, "s3_destination_last_healthy_timestamp_seconds"), float64(before-1))

	s.Faults.Deny("PutObject")
	shows("s3_destination_healthy 0", `s3_destination_probes_total{class="denied" `)
	time.Sleep(3 * time.Second) // several checks, all with the same result
	s.Faults.Clear()
	shows("s3_destination_healthy 1", "s3_destination_probe_leftover 0")
	p.terminate(t)
	logs := p.logs.String()
	assert.Equal(t, 1, strings.Count(logs, "does not accept data (denied)"), logs)
	assert.Equal(t, 1, strings.Count(logs, "accepts data again"))
	assert.Equal(t, 1, strings.Count(logs, "may write but not delete"))
}

// hasSample reports whether a sample has a value; an empty one matches all.
func hasSample(text, name, value string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || !strings.HasPrefix(line, name) {
			continue
		}
		if value == "" || line[at+1:] == value {
			return true
		}
	}
	return false
}

func sample(t *testing.T, text, name string) float64 {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if at := strings.LastIndexByte(line, ' '); at > 0 && strings.HasPrefix(line, name) {
			v, err := strconv.ParseFloat(line[at+1:], 64)
			require.NoError(t, err)
			return v
		}
	}
	t.Fatalf("no sample of %s", name)
	return 0
}
