package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
)

const config = `http: { address: '%s' }
logger: { level: WARN }
metrics: { prometheus: {} }
input:%s
output:
%s
`

// withSpool is an output with a spool.
const withSpool = `  s3_destination:
    bucket: bench
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: { mode: access_key, access_key_id: bench, secret_access_key: bench-secret }
    file_format: json+gzip
    on_bad_record: drop
    spool: { path: '%s', max_size: 40GB }
%s`

// spoolLine is what makes it one with a spool.
var spoolLine = regexp.MustCompile(`(?m)^ *spool:.*\n`)

// spooled is that output, with further settings.
func (o *options) spooled(endpoint, more string) string {
	return fmt.Sprintf(withSpool, endpoint, filepath.Join(o.dir, "spool"), more)
}

// process is the binary at work.
type process struct {
	*child.Service
	url   string
	began time.Time
}

// start runs the binary with an input and an output.
func (o *options) start(ctx context.Context, input, output string) (*process, error) {
	address, err := ports.Address(ctx)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(o.dir, "spool.yaml")
	text := fmt.Sprintf(config, address, input, output)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p := &process{url: "http://" + address, began: time.Now()}
	p.Service, err = child.Start(0, nil, o.binary, "run", path)
	return p, err
}

// get asks the process's own server.
func (p *process) get(ctx context.Context, path string) (string, error) {
	text, err := child.Get(ctx, p.url+path)
	return string(text), err
}

// until waits until something is so, and looks that often.
func (p *process) until(ctx context.Context, every, limit time.Duration, what string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return p.Until(ctx, every, what, is)
}

// ready reports whether the process says that it is.
func (p *process) ready(ctx context.Context) bool {
	_, err := p.get(ctx, "/ready")
	return err == nil
}

var (
	spoolBytes = regexp.MustCompile(`(?m)^s3_destination_spool_bytes\{.*part="(\w+)".*\} (\S+)$`)
	openGauge  = regexp.MustCompile(`(?m)^s3_destination_open_partitions\{.*\} (\S+)$`)
)

// held is what is in the spool, by part.
func (p *process) held(ctx context.Context) map[string]int64 {
	text, _ := p.get(ctx, "/metrics")
	parts := map[string]int64{}
	for _, m := range spoolBytes.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.ParseFloat(m[2], 64)
		parts[m[1]] = int64(n)
	}
	return parts
}

// open is the number of open partitions.
func (p *process) open(ctx context.Context) int {
	text, _ := p.get(ctx, "/metrics")
	if m := openGauge.FindStringSubmatch(text); m != nil {
		n, _ := strconv.ParseFloat(m[1], 64)
		return int(n)
	}
	return 0
}
