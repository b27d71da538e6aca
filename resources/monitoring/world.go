package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// pipeline makes some objects full and others not, and a few in parts.
const pipeline = `
http: {address: '%[1]s'}
logger: {level: INFO}
metrics: {prometheus: {}}
input:
  batched:
    child: {stdin: {scanner: {lines: {max_buffer_size: 10000000}}}}
    policy: {count: 100, period: 200ms}
output:
  label: lake
  s3_destination:
    bucket: %[2]s
    region: us-east-1
    endpoint: %[3]s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %[4]s, secret_access_key: '%[5]s'}
    folder: 'events/{{YYYY}}-{{MM}}-{{DD}}/tenant={{tenant}}'
    file_name: '{{chunk_id}}'
    file_format: json
    variables: {tenant: '${! json("tenant") }'}
    date_field: at
    max_file_size: 6MB
    max_age: 20s
    memory_limit: 64MB
    max_in_flight: 600
    on_bad_record: dead_letter
    health_check: {interval: 5s, timeout: 3s}
    upload: {part_size: 5MiB, multipart_threshold: 5MiB}
    retry: {initial_interval: 100ms, max_interval: 2s}
`

const scraping = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['%[1]s']
scrape_configs:
  - job_name: s3-destination
    static_configs: [{targets: ['%[2]s']}]
`

// world is the processes, and the store between them.
type world struct {
	s3         *s3test.Server
	dir        string
	records    io.WriteCloser // to the binary
	processes  []*process
	metrics    string // address of the binary
	prometheus string // URL
}

// process is a program that was started here.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// newWorld starts the store, the binary and Prometheus.
func newWorld(ctx context.Context, o options) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.dir, err = os.MkdirTemp("", "monitoring-"); err != nil {
		return w, fmt.Errorf("making a directory: %w", err)
	}
	if w.s3, err = s3test.Start(s3test.Config{}); err != nil { //nolint:contextcheck // lives until close
		return w, fmt.Errorf("starting S3: %w", err)
	}
	if err = w.startBinary(ctx, o.binary); err != nil {
		return w, err
	}
	rules, err := filepath.Abs(filepath.Join(o.directory, "prometheus-alerts.yaml"))
	if err != nil {
		return w, fmt.Errorf("finding the alert rules: %w", err)
	}
	return w, w.startPrometheus(ctx, o.prometheus, rules)
}

func (w *world) startBinary(ctx context.Context, binary string) error {
	var err error
	if w.metrics, err = ports.Address(ctx); err != nil {
		return err
	}
	config, err := w.file("pipeline.yaml", fmt.Sprintf(pipeline, w.metrics, w.s3.Bucket, w.s3.URL, w.s3.AccessKey, w.s3.SecretKey))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binary, "run", config)
	if w.records, err = cmd.StdinPipe(); err != nil {
		return fmt.Errorf("starting %s: %w", binary, err)
	}
	if err := w.start(cmd, "s3-destination.log"); err != nil {
		return err
	}
	return await(ctx, "http://"+w.metrics+"/ready")
}

func (w *world) startPrometheus(ctx context.Context, binary, rules string) error {
	address, err := ports.Address(ctx)
	if err != nil {
		return err
	}
	config, err := w.file("prometheus.yaml", fmt.Sprintf(scraping, rules, w.metrics))
	if err != nil {
		return err
	}
	w.prometheus = "http://" + address
	cmd := exec.CommandContext(ctx, binary, "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(w.dir, "data"), "--web.listen-address="+address)
	if err := w.start(cmd, "prometheus.log"); err != nil {
		return err
	}
	return await(ctx, w.prometheus+"/-/ready")
}

func (w *world) file(name, text string) (string, error) {
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing a configuration: %w", err)
	}
	return path, nil
}

// start runs a program that logs to a file.
func (w *world) start(cmd *exec.Cmd, log string) error {
	out, err := os.Create(filepath.Join(w.dir, log))
	if err != nil {
		return fmt.Errorf("making a log: %w", err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	w.processes = append(w.processes, p)
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // it is told to end
		_ = out.Close()
	}()
	return nil
}

// close ends the processes, the last one first, and the store.
func (w *world) close() {
	for i := len(w.processes) - 1; i >= 0; i-- {
		p := w.processes[i]
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(30 * time.Second):
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	}
	if w.s3 != nil {
		w.s3.Close()
	}
	_ = os.RemoveAll(w.dir)
}

// await waits until a URL answers with 200.
func await(ctx context.Context, url string) error {
	deadline := time.Now().Add(time.Minute)
	var status string
	for time.Now().Before(deadline) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("asking %s: %w", url, err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			status = err.Error()
		} else {
			status = resp.Status
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if !pause(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return errors.New(url + " does not answer: " + status)
}

// pause sleeps, and reports whether ctx lasted as long.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
