//go:build integration

package plugin_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// TestIntegrationTheServerIsRestartedDuringARun: a real server goes away and
// comes back while records for a hundred partitions arrive. Nothing is lost,
// doubled or refused, and no more uploads than are allowed run at once when it
// is back.
func TestIntegrationTheServerIsRestartedDuringARun(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Full).JSON())
	proxy, a := behind(t, e)
	var running, most atomic.Int32
	proxy.Faults.Add(s3test.Rule{Op: "PutObject", Key: "/f-", Do: func(x *s3test.Exchange) {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(2 * time.Millisecond) // so that they meet
		x.Next.ServeHTTP(x.W, x.R)
	}})
	s := start(t, "generate: {count: 4000, interval: 2ms, batch_size: 1, mapping: 'root = {\"id\": counter(), \"p\": random_int(max: 99)}'}",
		strings.Replace(a.conf(unencrypted+quick+"variables: {p: '${! json(\"p\") }'}\nupload: {concurrency: 4}\n"), "f-{{chunk_id}}", "f-{{p}}-{{chunk_id}}", 1))
	require.Eventually(t, func() bool { return proxy.Count("PutObject") > 100 }, patience, 20*time.Millisecond)
	e.Close()
	s.says(t, "does not accept data")
	time.Sleep(2 * time.Second)
	most.Store(0)
	e.Restart(t)
	s.ends(t)
	requireOnceEach(t, countAll(t, e.Client(), "json"), 4000)
	assert.LessOrEqual(t, most.Load(), int32(4), "uploads at once")
	assert.Greater(t, most.Load(), int32(1))
}
