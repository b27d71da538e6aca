package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

//go:embed lake.yaml
var pipeline string

// written is the number of records that lake.yaml makes.
const written = 20_000

// lake is a bucket with objects in every format, and a copy of it on disk.
type lake struct {
	server                    *s3test.Server
	dir                       string
	objects, records, formats int
}

// writeLake runs the binary on lake.yaml, and checks that each format has every
// record.
func writeLake(ctx context.Context, binary string) (*lake, error) {
	server, err := s3test.Start(s3test.Config{Buckets: []string{"my-bucket"}}) //nolint:contextcheck // it is stopped by close
	if err != nil {
		return nil, fmt.Errorf("starting the S3 server: %w", err)
	}
	dir, err := os.MkdirTemp("", "reading-")
	if err != nil {
		return nil, err
	}
	l := &lake{server: server, dir: dir, records: written}
	config := filepath.Join(dir, "lake.yaml")
	if err := os.WriteFile(config, []byte(pipeline), 0o600); err != nil {
		return nil, err
	}
	var logs bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, "run", config)
	cmd.Env = append(os.Environ(), l.env()...)
	cmd.Stdout, cmd.Stderr = &logs, &logs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("running %s: %w\n%s", binary, err, &logs)
	}
	return l, l.copy(&logs) //nolint:contextcheck // reads from memory
}

// copy writes the objects to disk, as `aws s3 sync` would.
func (l *lake) copy(logs fmt.Stringer) error {
	rows := map[string]int{}
	for _, o := range l.server.Objects("lake/") {
		if strings.Contains(o.Key, "_s3_destination_probe") {
			continue
		}
		l.objects++
		n, err := strconv.Atoi(o.Metadata["s3d-rows"])
		if err != nil {
			return fmt.Errorf("reading the metadata of %s: %w", o.Key, err)
		}
		format, _, _ := strings.Cut(strings.TrimPrefix(o.Key, "lake/"), "/")
		rows[format] += n
		path := filepath.Join(l.dir, "my-bucket", o.Key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, o.Body, 0o600); err != nil {
			return err
		}
	}
	l.formats = len(rows)
	for format, n := range rows {
		if n != written {
			return fmt.Errorf("%s has %d records, not %d\n%s", format, n, written, logs)
		}
	}
	if l.formats != 4 {
		return fmt.Errorf("%d formats were written, not 4\n%s", l.formats, logs)
	}
	return nil
}

// env lets clients of S3 find the server.
func (l *lake) env() []string {
	return []string{
		"S3_ENDPOINT=" + l.server.URL, "AWS_ENDPOINT_URL=" + l.server.URL, "AWS_ALLOW_HTTP=true", "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=" + l.server.AccessKey, "AWS_SECRET_ACCESS_KEY=" + l.server.SecretKey,
		"AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_EC2_METADATA_DISABLED=true",
	}
}

func (l *lake) close() {
	l.server.Close()
	_ = os.RemoveAll(l.dir)
}
