package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestBadStartIsExplainedWithinTwoSeconds: the log and /ready name the address
// and the class of what is wrong before anybody wonders.
func TestBadStartIsExplainedWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	hole, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	require.NoError(t, err)
	defer hole.Close()
	s := s3test.StartT(t, s3test.Config{})
	for name, c := range map[string]struct {
		endpoint, class string
	}{
		"a closed port":          {"http://" + freeAddress(t), "network"},
		"a black hole":           {"http://" + hole.Addr().String(), "network"},
		"a host without address": {"http://s3.invalid:9000", "network"},
		"the wrong key":          {s.URL, "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a closed port" || name == "a host without address" {
				long.Skip(t)
			}
			t.Parallel()
			p := start(t, idle+outputConfig(&s3test.Server{Bucket: s.Bucket, URL: c.endpoint, AccessKey: "AKIAWRONG", SecretKey: "wrong"}, "    health_check: {timeout: 10m}\n"))
			require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), "Launching") }, patience, 10*time.Millisecond)
			address := strings.TrimPrefix(c.endpoint, "http://")
			explained := func(text string) bool { return strings.Contains(text, address) && strings.Contains(text, c.class) }
			assert.Eventually(t, func() bool {
				for line := range strings.Lines(p.logs.String()) {
					if strings.Contains(line, "level=error") {
						return explained(line)
					}
				}
				return false
			}, patience, 20*time.Millisecond, "and not at the end of the check, in ten minutes\n%s", &p.logs)
			status, body := p.get("/ready")
			assert.Equal(t, 503, status)
			assert.True(t, explained(body), "%s", body)
			_ = p.cmd.Process.Kill()
		})
	}
}
