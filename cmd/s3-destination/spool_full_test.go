package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// A spool that is as large as it may be lets posts wait, and says so; it goes on
// when S3 is back, and nothing that was answered is missing.
func TestAFullSpoolWaitsAndGoesOn(t *testing.T) {
	long.Skip(t)
	fillSpool(t, t.TempDir(), "24MiB")
}

// The same of a disk that is full before the spool is.
func TestAFullDiskWaitsAndGoesOn(t *testing.T) {
	long.Skip(t)
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mounting a small disk: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	fillSpool(t, dir, "512MiB")
}

func fillSpool(t *testing.T, dir, size string) {
	s := &spooling{
		s3: s3test.StartT(t, s3test.Config{}), dir: dir, address: freeAddress(t),
		extra: "    max_age: 200ms\n    max_file_size: 1MB\n    health_check: {interval: 1s, timeout: 1s}\n    retry: {initial_interval: 20ms, max_interval: 100ms}\n",
	}
	s.size = size
	p := s.start(t)
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_healthy{label="",path="root.output"} 1`)
	}, patience, 20*time.Millisecond)
	outage := s.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	payload := strings.Repeat("x", 10_000)
	var acknowledged []string
	for n := 0; ; n++ {
		var body strings.Builder
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprintf("%d-%d", n, i))
			fmt.Fprintf(&body, "{\"id\":%q,\"p\":\"p%d\",\"x\":%q}\n", names[i], i%5, payload)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		status, _ := p.post(ctx, body.String())
		cancel()
		if status != http.StatusOK {
			break
		}
		acknowledged = append(acknowledged, names...)
		require.Less(t, n, 2000, "it is never full")
	}
	require.Greater(t, len(acknowledged), 200)
	require.Eventually(t, func() bool { return askReady(t, p.process) != nil }, patience, 50*time.Millisecond, "%s", &p.logs)
	assert.Contains(t, p.scrape(), `s3_destination_spool_nearly_full{label="",path="root.output"} 1`)

	outage.Remove()
	var found map[string]int
	require.Eventually(t, func() bool {
		found = ids(t, s.s3)
		for _, id := range acknowledged {
			if found[id] == 0 {
				return false
			}
		}
		return true
	}, patience, 100*time.Millisecond, "%s", &p.logs)
	for _, id := range acknowledged {
		assert.Equal(t, 1, found[id], id)
	}
	require.Eventually(t, func() bool { return askReady(t, p.process) == nil }, patience, 50*time.Millisecond, "%s", &p.logs)
	require.Equal(t, 200, first(p.post(t.Context(), `{"id":"last","p":"a"}`)))
	p.terminate(t)
}
