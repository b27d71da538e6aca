package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	_ "github.com/s3-destination/s3-destination/plugin"
	_ "github.com/s3-destination/s3-destination/plugin/kafka"
)

// ofPrometheus are labels that Prometheus and the framework add.
var ofPrometheus = []string{"instance", "job", "label", "path"}

// metric is a metric as it is registered: its kind, and its own labels.
type metric struct {
	kind   string
	labels []string
}

// registered runs a stream with the output and returns the metrics that it
// makes, by name.
func registered(t *testing.T) map[string]metric {
	t.Helper()
	s := s3test.StartT(t, s3test.Config{})
	r := &register{found: map[string]metric{}}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterMetricsExporter("register", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return r, nil }))
	b := env.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, b.SetYAML(fmt.Sprintf(`
metrics: {register: {}}
input: {generate: {count: 1, interval: '', mapping: 'root = {}'}}
output:
  s3_destination:
    bucket: %s
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
    file_format: json
    idle_timeout: 100ms
    on_bad_record: drop
    spool: {path: %q}
`, s.Bucket, s.URL, s.AccessKey, s.SecretKey, t.TempDir())))
	stream, err := b.Build()
	require.NoError(t, err)
	require.NoError(t, stream.Run(t.Context()))
	require.Greater(t, len(r.found), 20)
	r.ofKafka(t, env)
	return r.found
}

// ofKafka adds the metrics of the Kafka input, which needs no broker to make
// them.
func (r *register) ofKafka(t *testing.T, env *service.Environment) {
	t.Helper()
	b := env.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, b.SetYAML(`
metrics: {register: {}}
input: {s3_destination_kafka: {seed_brokers: ['127.0.0.1:1'], topics: [t], consumer_group: g}}
output: {drop: {}}
`))
	stream, err := b.Build()
	require.NoError(t, err)
	before := r.count()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = stream.Run(ctx)
	}()
	require.Eventually(t, func() bool { return r.count() >= before+13 }, 10*time.Second, 10*time.Millisecond)
	cancel()
	<-ended
}

func (r *register) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.found)
}

// register is a metrics exporter that only takes note of what is made.
type register struct {
	mu    sync.Mutex
	found map[string]metric
}

type nothing struct{}

func (nothing) Incr(int64)   {}
func (nothing) Set(int64)    {}
func (nothing) Timing(int64) {}

func (r *register) note(kind, name string, labels []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.HasPrefix(name, "s3_destination_") {
		own := slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return slices.Contains(ofPrometheus, l) })
		r.found[name] = metric{kind: kind, labels: own}
	}
}

func (r *register) NewCounterCtor(name string, labels ...string) service.MetricsExporterCounterCtor {
	r.note("counter", name, labels)
	return func(...string) service.MetricsExporterCounter { return nothing{} }
}

func (r *register) NewTimerCtor(name string, labels ...string) service.MetricsExporterTimerCtor {
	r.note("timer", name, append(slices.Clone(labels), "quantile"))
	return func(...string) service.MetricsExporterTimer { return nothing{} }
}

func (r *register) NewGaugeCtor(name string, labels ...string) service.MetricsExporterGaugeCtor {
	r.note("gauge", name, labels)
	return func(...string) service.MetricsExporterGauge { return nothing{} }
}

func (r *register) Close(context.Context) error { return nil }
