// Command demo runs the main job once, on a machine with nothing but Go: it
// starts an S3 server in its own memory, sends bundled events through a real
// pipeline with the s3_destination output, shows what landed, and checks that
// no record is missing.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	_ "github.com/s3-destination/s3-destination/plugin"
)

//go:embed demo.yaml
var pipeline string

//go:embed events.jsonl
var events []byte

const (
	bucket = "demo-bucket"
	// patience bounds the run; it takes two or three seconds.
	patience = 30 * time.Second
)

func main() {
	if err := demo(); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo failed:", err)
		os.Exit(1)
	}
}

func demo() error {
	p := newPage(os.Stdout)
	server, err := s3test.Start(s3test.Config{Buckets: []string{bucket}})
	if err != nil {
		return fmt.Errorf("starting the embedded S3 server: %w", err)
	}
	defer server.Close()
	p.title("An S3 server in memory at %s, bucket %s", server.URL, bucket)

	dir, err := os.MkdirTemp("", "s3-destination-demo-")
	if err != nil {
		return fmt.Errorf("making room for the sample: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	sample := filepath.Join(dir, "events.jsonl")
	if err := os.WriteFile(sample, events, 0o600); err != nil {
		return fmt.Errorf("writing the sample: %w", err)
	}

	began := time.Now()
	scrape, err := run(server, sample)
	if err != nil {
		return err
	}
	p.title("The pipeline of cmd/demo/demo.yaml has run in %.1f s", time.Since(began).Seconds())

	landed, err := inspect(server.Objects(""))
	if err != nil {
		return err
	}
	p.show(landed, scrape)
	return p.verdict(countLines(events), landed, scrape)
}

// run runs the pipeline to the end of its input and returns its metrics.
func run(server *s3test.Server, sample string) (metrics, error) {
	for name, value := range map[string]string{ // for the SDK's default chain
		"AWS_ACCESS_KEY_ID":     server.AccessKey,
		"AWS_SECRET_ACCESS_KEY": server.SecretKey,
		"AWS_SESSION_TOKEN":     "",
		"AWS_PROFILE":           "",
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	env := map[string]string{
		"S3_ENDPOINT": server.URL, "S3_PATH_STYLE": "true", "AWS_REGION": s3test.Region,
		"BUCKET": bucket, "DEMO_EVENTS": sample,
	}
	mux := http.NewServeMux()
	b := service.NewStreamBuilder()
	b.SetEnvVarLookupFunc(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	b.SetHTTPMux(mux)
	b.SetLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err := errors.Join(b.SetYAML(pipeline), b.SetMetricsYAML(`prometheus: {}`)); err != nil {
		return nil, fmt.Errorf("reading the pipeline: %w", err)
	}
	stream, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("building the pipeline: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := stream.Run(ctx); err != nil {
		return nil, fmt.Errorf("running the pipeline: %w", err)
	}
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))
	return parseMetrics(answer.Body.String()), nil
}
