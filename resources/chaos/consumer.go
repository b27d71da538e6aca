package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const pipeline = `
http: {address: '%[1]s', debug_endpoints: true}
logger: {level: '${CHAOS_LOG_LEVEL:INFO}'}
metrics: {prometheus: {}}
shutdown_timeout: 20s
input:
  redpanda:
    seed_brokers: ['%[2]s']
    topics: [%[3]s]
    consumer_group: %[4]s
    instance_id: '%[5]s'
    session_timeout: %[6]s
    heartbeat_interval: 200ms
    rebalance_timeout: 3s
    metadata_max_age: 5s
    commit_period: %[7]s
    fetch_max_wait: 250ms
    fetch_max_bytes: 10MiB
    unordered_processing:
      enabled: true
      checkpoint_limit: %[8]d
      batching: {count: 1000, byte_size: 1000000, period: %[15]s}
output:
  label: lake
  s3_destination:
    bucket: %[9]s
    region: us-east-1
    endpoint: %[10]s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %[11]s, secret_access_key: '%[12]s'}
    date_field: at
    max_in_flight: %[16]d
    on_bad_record: dead_letter
    health_check: {interval: 5s, timeout: 3s}
    retry: {initial_interval: 20ms, max_interval: 1s}
    metadata: {run: '%[13]s'}
%[14]s
`

// defaultOutput is how objects are made where a scenario does not care: small
// ones, so that there are many, under names that every restart meets again.
const defaultOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{chunk_id}}'
    file_format: json+gzip
    max_file_size: 10KB
    max_age: 700ms
    upload: {request_timeout: 3s}
`

// settings are what the scenarios vary.
type settings struct {
	instance        string
	session, commit time.Duration
	checkpoint      int
	period          time.Duration // of the input's batches
	inFlight        int
	output          string
	env             []string
}

func (s settings) withDefaults() settings {
	if s.session == 0 {
		s.session = 2 * time.Second
	}
	if s.commit == 0 {
		s.commit = 300 * time.Millisecond
	}
	if s.checkpoint == 0 {
		s.checkpoint = 100_000
	}
	if s.period == 0 {
		s.period = 100 * time.Millisecond
	}
	if s.inFlight == 0 {
		s.inFlight = 5000
	}
	if s.output == "" {
		s.output = defaultOutput
	}
	return s
}

// consumer is one process of the binary. Its name is stored with every object
// that it writes.
type consumer struct {
	name string
	log  string // path
	url  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

const (
	group = "chaos"
	topic = "events"
	// partitions is how many the topic has at first.
	partitions = 6
)

// launch starts a process of the binary.
func launch(ctx context.Context, binary, dir, name string, seeds []string, s3 *s3test.Server, set settings) (*consumer, error) {
	set = set.withDefaults()
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(pipeline, address, strings.Join(seeds, "','"), topic, group, set.instance, set.session, set.commit,
		set.checkpoint, s3.Bucket, s3.URL, s3.AccessKey, s3.SecretKey, name, strings.Trim(set.output, "\n"),
		set.period, set.inFlight)
	path := filepath.Join(dir, name+".yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	c, err := spawn(ctx, binary, path, set.env)
	if err != nil {
		return nil, err
	}
	c.name, c.url = name, "http://"+address
	return c, nil
}

// spawn starts the binary on a configuration file, and logs beside it.
func spawn(ctx context.Context, binary, path string, env []string) (*consumer, error) {
	c := &consumer{log: strings.TrimSuffix(path, ".yaml") + ".log", done: make(chan struct{})}
	out, err := os.Create(c.log)
	if err != nil {
		return nil, fmt.Errorf("making the log: %w", err)
	}
	c.cmd = exec.CommandContext(ctx, binary, "run", path)
	c.cmd.Stdout, c.cmd.Stderr = out, out
	c.cmd.Env = append(os.Environ(), env...)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the binary: %w", err)
	}
	go func() {
		defer close(c.done)
		c.err = c.cmd.Wait()
		_ = out.Close()
	}()
	return c, nil
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// kill ends the process at once and waits for it.
func (c *consumer) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// ended tells whether the process is gone.
func (c *consumer) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// stopLimit is how long a process may take after SIGTERM: its shutdown_timeout
// and some more for a busy machine.
const stopLimit = 30 * time.Second

// terminate asks the process to end, and waits. An exit code other than zero
// and a process that stays are errors.
func (c *consumer) terminate() (took time.Duration, err error) {
	began := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("stopping %s: %w", c.name, err)
	}
	select {
	case <-c.done:
	case <-time.After(stopLimit):
		c.kill()
		return time.Since(began), fmt.Errorf("%s did not end within %s of SIGTERM", c.name, stopLimit)
	}
	if c.err != nil {
		return time.Since(began), fmt.Errorf("%s ended after SIGTERM with: %w", c.name, c.err)
	}
	return time.Since(began), nil
}

// logged returns what the process wrote to its log.
func (c *consumer) logged() string {
	text, err := os.ReadFile(c.log)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return string(text)
}

// metrics returns what the process exposes, or nothing.
func (c *consumer) metrics(ctx context.Context) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/metrics", http.NoBody)
	if err != nil {
		return ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	return string(text)
}
