package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// spooling is a sidecar with a spool, again and again the same one.
type spooling struct {
	s3      *s3test.Server
	dir     string
	address string // of the input
	extra   string
}

func (s *spooling) start(t *testing.T) *sidecar {
	t.Helper()
	config := fmt.Sprintf(`
input:
  http_server: {address: %s, path: /events, timeout: 30s}
pipeline: {processors: [{unarchive: {format: lines}}]}
`, s.address) + outputConfig(s.s3, fmt.Sprintf(`    spool: {path: %s, max_size: 64MiB}
    memory_limit: 16MiB
    on_bad_record: drop
    variables: {p: '${! json("p") }'}
%s`, s.dir, s.extra))
	config = strings.Replace(config, "folder: in\n", "folder: in/{{p}}\n", 1)
	p := &sidecar{process: start(t, config), input: "http://" + s.address + "/events"}
	p.waitReady(t)
	return p
}

// kill ends a process as a power cut does, but for the disk.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	<-p.done
}

// client sends records one after the other, each again until it is acknowledged.
// It notes which were sent more than once.
type client struct {
	name string
	sent int
	// acknowledged are those that were answered with 200, and doubtful those of
	// which an earlier request was not answered.
	acknowledged []string
	doubtful     map[string]bool
}

func (c *client) run(ctx context.Context, url string) {
	for ctx.Err() == nil {
		id := fmt.Sprintf("%s-%d", c.name, c.sent)
		c.sent++
		body := fmt.Sprintf(`{"id":%q,"p":"p%d"}`, id, c.sent%5)
		for {
			// A client that waits for its answer to the end: only a kill leaves a doubt.
			res, err := http.Post(url, "application/json", strings.NewReader(body))
			if err == nil {
				res.Body.Close()
			}
			if err == nil && res.StatusCode == http.StatusOK {
				c.acknowledged = append(c.acknowledged, id)
				break
			}
			c.doubtful[id] = true
			if ctx.Err() != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// A process with a spool is killed again and again, and S3 is away for a while.
// What was answered with 200 is in the bucket exactly once; what was not, and was
// therefore sent again, at least once.
func TestAKilledSidecarWithASpoolLosesNothing(t *testing.T) { killSidecar(t, 4, 8) }

func TestAKilledSidecarWithASpoolLosesNothingOften(t *testing.T) {
	long.Skip(t)
	killSidecar(t, 60, 40)
}

func killSidecar(t *testing.T, kills, clients int) {
	s := &spooling{
		s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t),
		extra: "    max_age: 200ms\n    retry: {initial_interval: 20ms, max_interval: 100ms}\n",
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := s.start(t)
	var wg sync.WaitGroup
	var all []*client
	for i := range clients {
		c := &client{name: fmt.Sprintf("c%d", i), doubtful: map[string]bool{}}
		all = append(all, c)
		wg.Go(func() { c.run(ctx, p.input) })
	}
	for n := range kills {
		// Nothing that is checked depends on when it dies.
		time.Sleep(time.Duration(50+n*61%400) * time.Millisecond)
		p.kill(t)
		p = s.start(t)
	}
	cancel()
	wg.Wait()
	acknowledged := 0
	for _, c := range all {
		acknowledged += len(c.acknowledged)
	}
	require.Positive(t, acknowledged)
	var found map[string]int
	require.Eventually(t, func() bool {
		found = ids(t, s.s3)
		for _, c := range all {
			for _, id := range c.acknowledged {
				if found[id] == 0 {
					return false
				}
			}
		}
		return true
	}, time.Minute, 100*time.Millisecond, "%s", &p.logs)
	for _, c := range all {
		for _, id := range c.acknowledged {
			if !c.doubtful[id] {
				assert.Equal(t, 1, found[id], id)
			}
		}
	}
	t.Logf("%d acknowledged, %d objects", acknowledged, len(s.s3.Keys("in/")))
	assert.Empty(t, s.s3.Replaced())
	p.terminate(t)
}

// While S3 is away answers go on as before, and all of it arrives later.
func TestAnswersGoOnWhileS3IsAway(t *testing.T) {
	s := &spooling{s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t), extra: "    max_age: 200ms\n"}
	p := s.start(t)
	require.Equal(t, 200, first(p.post(t.Context(), `{"id":0,"p":"a"}`)))
	outage := s.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	for i := 1; i < 200; i++ {
		require.Equal(t, 200, first(p.post(t.Context(), fmt.Sprintf(`{"id":%d,"p":"a"}`, i))))
	}
	assert.NoError(t, askReady(t, p.process))
	outage.Remove()
	require.Eventually(t, func() bool { return len(ids(t, s.s3)) == 200 }, 30*time.Second, 50*time.Millisecond, "%s", &p.logs)
	p.terminate(t)
}

// ids counts the records in a bucket.
func ids(t *testing.T, s *s3test.Server) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, o := range s.Objects("in/") {
		for line := range bytes.Lines(o.Body) {
			found[strings.Trim(recordID(t, line), `"`)]++
		}
	}
	return found
}

func first(status int, _ string) int { return status }

// Two processes cannot have one spool: the second one says so, and waits.
func TestASpoolHasOneProcess(t *testing.T) {
	s := &spooling{s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t)}
	p := s.start(t)
	s.address = freeAddress(t)
	config := "input: {generate: {mapping: root.id = 1, interval: 100ms}}\n" + outputConfig(s.s3,
		fmt.Sprintf("    spool: {path: %s}\n    on_bad_record: drop\n", s.dir))
	second := start(t, config)
	require.Eventually(t, func() bool {
		return strings.Contains(second.logs.String(), "the spool in "+filepath.Join(s.dir, "s3_destination")+" is in use")
	}, 20*time.Second, 50*time.Millisecond, "%s", &second.logs)
	assert.Error(t, askReady(t, second))
	second.kill(t)
	p.terminate(t)
}
