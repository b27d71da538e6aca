package plugin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// begin runs a stream until the log says something, and a little longer; it
// returns what the log holds by then.
func begin(t *testing.T, output, words string) string {
	t.Helper()
	stream, logs := build(t, generate(100, numbered, 50), output)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = stream.Run(ctx) }()
	began := time.Now()
	require.Eventually(t, func() bool { return strings.Contains(logs.String(), words) }, patience, 10*time.Millisecond, "%s", logs)
	t.Logf("the first line came after %v", time.Since(began).Round(10*time.Millisecond))
	time.Sleep(3 * time.Second) // Benthos connects again within two
	cancel()
	<-done
	return logs.String()
}

// Nobody waits for the time-out of the health check to learn why nothing goes.
func TestABadStartIsToldEarlyAndOnce(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Add(s3test.Rule{Do: s3test.Hang()})
	logs := begin(t, outputYAML(s, jsonLines+"health_check: {timeout: 60s}\n"), "connected, and still waiting for an answer")
	assert.Equal(t, 1, strings.Count(logs, "still waiting for an answer"), logs)
	assert.Contains(t, logs, "at "+s.URL+": network: ")
}

// A captive portal answers everything with a page and 200: nothing may be
// acknowledged, even where no encryption is compared.
func TestALoginPageStoresNothing(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Add(s3test.Rule{Do: func(x *s3test.Exchange) {
		x.W.Header().Set("Content-Type", "text/html")
		_, _ = x.W.Write([]byte("<!doctype html><html>Please log in</html>"))
	}})
	for _, check := range []string{"true", "false"} {
		logs := begin(t, outputYAML(s, jsonLines+"idle_timeout: 200ms\nencryption: {mode: none}\nhealth_check: {enabled: "+check+"}\n"), "not_s3")
		assert.Contains(t, logs, "HTML where an ETag belongs; is it a login page, a proxy, the console port?")
		assert.Contains(t, logs, s.URL)
	}
	assert.Empty(t, s.Keys(""))
}
