package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// spooling is a sidecar with a spool, again and again the same one.
type spooling struct {
	s3      *s3test.Server
	dir     string
	address string // of the input
	extra   string
	size    string // max_size
	name    string // file_name
	own     bool   // the input is s3_destination_http
}

func (s *spooling) start(t *testing.T) *sidecar {
	t.Helper()
	p := &sidecar{process: start(t, s.config()), input: "http://" + s.address + "/events"}
	p.waitReady(t)
	return p
}

func (s *spooling) config() string {
	size := cmp.Or(s.size, "64MiB")
	input := `
input:
  http_server: {address: %s, path: /events, timeout: 30s}
pipeline: {processors: [{unarchive: {format: lines}}]}
`
	if s.own {
		input = "input: {s3_destination_http: {address: '%s', path: /events}}\n"
	}
	config := fmt.Sprintf(input, s.address) + outputConfig(s.s3, fmt.Sprintf(`    spool: {path: %s, max_size: %s}
    memory_limit: 16MiB
    on_bad_record: drop
    variables: {p: '${! json("p") }'}
%s`, s.dir, size, s.extra))
	config = strings.Replace(config, "folder: in\n", "folder: in/{{p}}\n", 1)
	config = strings.Replace(config, "'f-{{chunk_id}}'", "'"+cmp.Or(s.name, "f-{{chunk_id}}")+"'", 1)
	return config
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
func TestAKilledSidecarWithASpoolLosesNothing(t *testing.T) { killSidecar(t, 2, 8, false) }

func TestAKilledSidecarWithItsOwnInputLosesNothing(t *testing.T) { killSidecar(t, 2, 8, true) }

func TestAKilledSidecarWithASpoolLosesNothingOften(t *testing.T) {
	long.Skip(t)
	killSidecar(t, 60, 40, false)
}

func TestAKilledSidecarWithItsOwnInputLosesNothingOften(t *testing.T) {
	long.Skip(t)
	killSidecar(t, 60, 40, true)
}

func killSidecar(t *testing.T, kills, clients int, own bool) {
	s := &spooling{
		s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t),
		extra: "    max_age: 200ms\n    retry: {initial_interval: 20ms, max_interval: 100ms}\n", own: own,
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
	}, patience, 100*time.Millisecond, "%s", &p.logs)
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
	require.Eventually(t, func() bool { return len(ids(t, s.s3)) == 200 }, patience, 50*time.Millisecond, "%s", &p.logs)
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
	}, patience, 50*time.Millisecond, "%s", &second.logs)
	assert.Error(t, askReady(t, second))
	second.kill(t)
	p.terminate(t)
}

// command runs a subcommand of spool on the configuration of a process.
func (p *process) command(t *testing.T, name string, flags ...string) (code int, out string) {
	t.Helper()
	args := append([]string{"spool", name}, flags...)
	cmd := exec.Command(p.cmd.Path, append(args, p.cmd.Args[len(p.cmd.Args)-1])...)
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// What a process left is looked at, checked and stored without it.
func TestASpoolIsInspectedVerifiedAndDrained(t *testing.T) {
	s := &spooling{s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t), extra: "    max_age: 1h\n    max_records: 10\n    health_check: {timeout: 1s}\n"}
	p := s.start(t)
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_healthy{label="",path="root.output"} 1`)
	}, patience, 20*time.Millisecond)
	outage := s.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	for i := range 23 {
		require.Equal(t, 200, first(p.post(t.Context(), fmt.Sprintf(`{"id":%d,"p":"a"}`, i))))
	}
	code, out := p.command(t, "inspect")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "is in use")
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_spool_outbox_objects{label="",path="root.output"} 2`)
	}, patience, 20*time.Millisecond, "%s", &p.logs)
	p.kill(t)

	code, out = p.command(t, "inspect", "--json")
	require.Zero(t, code, out)
	var report commands.SpoolContents
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Len(t, report.Partitions, 1)
	assert.EqualValues(t, 3, report.Partitions[0].Records)
	assert.Contains(t, report.Partitions[0].Path, "in/a/")
	require.Len(t, report.Objects, 2)
	assert.Equal(t, "in/a/f-00001.json", report.Objects[0].Key)
	assert.Empty(t, report.Lost)
	code, out = p.command(t, "verify")
	assert.Zero(t, code, out)
	assert.Contains(t, out, "2 objects to store")

	code, out = p.command(t, "drain")
	assert.Equal(t, 1, code, "S3 is away: %s", out)
	outage.Remove()
	code, out = p.command(t, "drain")
	require.Zero(t, code, out)
	assert.Contains(t, out, "is empty")
	found := ids(t, s.s3)
	assert.Len(t, found, 23)
	for id, n := range found {
		assert.Equal(t, 1, n, id)
	}
	assert.Len(t, s.s3.Keys("in/"), 3)

	outbox := filepath.Join(s.dir, "s3_destination", "outbox")
	require.NoError(t, os.RemoveAll(outbox))
	code, out = p.command(t, "verify")
	assert.NotZero(t, code, out)
}

// Each output of a configuration has a spool of its own, and each is drained for
// itself, whatever the others hold.
func TestEachSpoolOfAConfigurationIsDrainedForItself(t *testing.T) {
	long.Skip(t)
	server := s3test.StartT(t, s3test.Config{})
	dir := t.TempDir()
	one := func(label string) string {
		text := outputConfig(server, fmt.Sprintf("    max_age: 1h\n    on_bad_record: drop\n    spool: {path: %s}\n", dir))
		text = strings.Replace(text, "folder: in\n", "folder: in/"+label+"\n", 1)
		text = strings.TrimPrefix(text, "\noutput:\n")
		return "      - label: " + label + "\n        " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ") + "\n"
	}
	p := start(t, "input: {generate: {count: 3, interval: '', mapping: 'root.id = counter()'}}\n"+
		"output:\n  broker:\n    outputs:\n"+one("lake")+one("copy"))
	select {
	case <-p.done: // the input ended, and the records wait
	case <-time.After(patience):
		t.Fatalf("the process did not end: %s", &p.logs)
	}
	require.Empty(t, slices.Concat(server.Keys("in/lake/f-"), server.Keys("in/copy/f-")))
	for n, label := range []string{"lake", "copy"} {
		code, out := p.command(t, "drain", "--label", label)
		require.Zero(t, code, out)
		assert.Len(t, server.Keys("in/"+label+"/f-"), 1)
		assert.Len(t, slices.Concat(server.Keys("in/lake/f-"), server.Keys("in/copy/f-")), n+1)
	}
}

// Records of an output that is not configured any more are not left behind in
// silence, nor sent to another bucket.
func TestASpoolIsNotForgotten(t *testing.T) {
	long.Skip(t)
	s := &spooling{s3: s3test.StartT(t, s3test.Config{Buckets: []string{"landing", "other"}}), dir: t.TempDir(), address: freeAddress(t), extra: "    max_age: 1h\n    max_records: 1\n"}
	p := s.start(t)
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_healthy{label="",path="root.output"} 1`)
	}, patience, 20*time.Millisecond)
	outage := s.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	require.Equal(t, 200, first(p.post(t.Context(), `{"id":1,"p":"a"}`)))
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_spool_outbox_objects{label="",path="root.output"} 1`)
	}, patience, 20*time.Millisecond, "%s", &p.logs)
	p.kill(t)
	outage.Remove()

	text, err := os.ReadFile(p.cmd.Args[len(p.cmd.Args)-1])
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, changed, says string }{
		"label":  {"output:", "output:\n  label: renamed", "no output of this configuration has the label s3_destination"},
		"bucket": {"bucket: landing", "bucket: other", "run s3-destination spool drain with it"},
	} {
		path := filepath.Join(t.TempDir(), name+".yaml")
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), c.old, c.changed, 1)), 0o600))
		q := &process{cmd: exec.Command(p.cmd.Path, "run", path), done: make(chan error, 1)}
		q.cmd.Stdout, q.cmd.Stderr = &q.logs, &q.logs
		require.NoError(t, q.cmd.Start())
		go func() { q.done <- q.cmd.Wait() }()
		require.Eventually(t, func() bool { return strings.Contains(q.logs.String(), c.says) }, patience, 20*time.Millisecond, "%s", &q.logs)
		q.kill(t)
	}
	assert.Empty(t, ids(t, s.s3))
	p = s.start(t)
	require.Eventually(t, func() bool { return len(ids(t, s.s3)) == 1 }, patience, 20*time.Millisecond, "%s", &p.logs)
	p.terminate(t)
}

// scrape returns the metrics of a process.
func (p *process) scrape() string {
	_, text := p.get("/metrics")
	return text
}
