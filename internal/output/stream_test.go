package output

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// rig runs real streams into a test server, and keeps what they say.
type rig struct {
	env     *service.Environment
	s3      *s3test.Server
	metrics *recorder
	logs    *logs.Buffer
	tracer  string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	require.NoError(t, registerOnce())
	r := &rig{
		env: service.NewEnvironment(), s3: s3test.StartT(t, s3test.Config{}),
		metrics: &recorder{values: map[string]int64{}}, logs: &logs.Buffer{},
	}
	require.NoError(t, r.env.RegisterMetricsExporter("recorder", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return r.metrics, nil }))
	return r
}

// trace sends the spans of the streams to a provider.
func (r *rig) trace(t *testing.T, provider trace.TracerProvider) {
	t.Helper()
	r.tracer = "tracer: {recorder: {}}\n"
	require.NoError(t, r.env.RegisterOtelTracerProvider("recorder", service.NewConfigSpec(),
		func(*service.ParsedConfig) (trace.TracerProvider, error) { return provider, nil }))
}

// start runs a stream until the test ends, or its input. The lines of extra
// are settings of the output.
func (r *rig) start(t *testing.T, input, extra string) (done <-chan struct{}) {
	t.Helper()
	b := r.env.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	var conf strings.Builder
	fmt.Fprintf(&conf, `
metrics: {recorder: {}}
%sinput:
  %s
output:
  s3_destination:
    bucket: %s
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
`, r.tracer, strings.ReplaceAll(strings.TrimSpace(input), "\n", "\n  "), r.s3.Bucket, r.s3.URL, r.s3.AccessKey, r.s3.SecretKey)
	for line := range strings.Lines(strings.TrimSpace(extra)) {
		conf.WriteString("    " + line)
	}
	require.NoError(t, b.SetYAML(conf.String()))
	stream, err := b.Build()
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = stream.Run(context.Background()) // until it is stopped
	}()
	t.Cleanup(func() {
		assert.NoError(t, stream.StopWithin(3*time.Minute))
		<-ended
	})
	return ended
}

// run runs a stream to the end of its input.
func (r *rig) run(t *testing.T, input, extra string) {
	t.Helper()
	select {
	case <-r.start(t, input, extra):
	case <-time.After(3 * time.Minute):
		require.Fail(t, "the stream does not end")
	}
}

func (r *rig) eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 3*time.Minute, 20*time.Millisecond, what)
}

// recorder is a metrics exporter that can be asked, by name and label values.
const prefix = config.Name + "_"

type recorder struct {
	mu     sync.Mutex
	values map[string]int64
}

func series(name string, labels ...string) string {
	return name + "{" + strings.Join(labels, ",") + "}"
}

func (r *recorder) get(name string, labels ...string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values[series(prefix+name, labels...)]
}

func (r *recorder) has(name string, labels ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.values[series(prefix+name, labels...)]
	return ok
}

// metric is one series.
type metric struct {
	r    *recorder
	name string
}

func (m *metric) Incr(n int64)   { m.change(n, true) }
func (m *metric) Set(n int64)    { m.change(n, false) }
func (m *metric) Timing(n int64) { m.change(n, false) }

func (m *metric) change(n int64, add bool) {
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	if add {
		n += m.r.values[m.name]
	}
	m.r.values[m.name] = n
}

// of makes a series. The first labels are those of the framework, label and
// path.
func (r *recorder) of(name string, keys, values []string) *metric {
	var own []string
	for i, key := range keys {
		if key != "label" && key != "path" && key != "stream" {
			own = append(own, values[i])
		}
	}
	return &metric{r: r, name: series(name, own...)}
}

func (r *recorder) NewCounterCtor(name string, keys ...string) service.MetricsExporterCounterCtor {
	return func(values ...string) service.MetricsExporterCounter { return r.of(name, keys, values) }
}

func (r *recorder) NewTimerCtor(name string, keys ...string) service.MetricsExporterTimerCtor {
	return func(values ...string) service.MetricsExporterTimer { return r.of(name, keys, values) }
}

func (r *recorder) NewGaugeCtor(name string, keys ...string) service.MetricsExporterGaugeCtor {
	return func(values ...string) service.MetricsExporterGauge { return r.of(name, keys, values) }
}

func (r *recorder) Close(context.Context) error { return nil }

const tinyPartitions = `
folder: 'in/{{part}}'
file_name: 'f-{{chunk_id}}'
file_format: json
variables: {part: '${! json("part") }'}
idle_timeout: 1s
`

func TestSmallObjectsOfAStreamAreExplainedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, `
generate:
  interval: 2ms
  batch_size: 20
  mapping: 'root = {"id": counter(), "part": counter() % 12}'
`, tinyPartitions+"max_age: 100ms\n")
	r.eventually(t, "advice", func() bool { return strings.Contains(r.logs.String(), "The median of the last") })
	landed := r.metrics.get("objects_total", "json", "age")
	r.eventually(t, "many more objects", func() bool { return r.metrics.get("objects_total", "json", "age") > landed+300 })
	assert.Equal(t, 1, strings.Count(r.logs.String(), "The median"))
	assert.Contains(t, r.logs.String(), "of max_file_size (128 MB)")
	assert.Contains(t, r.logs.String(), "because of max_age (100ms)")
	assert.Equal(t, int64(1), r.metrics.get("small_objects", "age"))
	assert.Zero(t, r.metrics.get("small_objects", "idle"))
}

func TestFiniteStreamOfSmallPartitionsGetsNoAdvice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.run(t, `
generate:
  count: 2000
  interval: ''
  batch_size: 2000 # at once, so that no partition is idle in between
  mapping: 'root = {"id": counter(), "part": counter() % 300}'
`, tinyPartitions)
	assert.Equal(t, int64(300), r.metrics.get("objects_total", "json", "idle"))
	assert.NotContains(t, r.logs.String(), "The median")
	for _, reason := range chunk.Reasons {
		assert.Zero(t, r.metrics.get("small_objects", string(reason)))
	}
}

func TestObjectsAreCountedByHowFullTheyAre(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.run(t, `
generate:
  count: 1050
  interval: ''
  batch_size: 1050
  mapping: 'root = {"id": "%06d".format(counter()), "pad": "x".repeat(80)}'
`, "file_name: 'f-{{chunk_id}}'\nfile_format: json\nmax_file_size: 21KB\nidle_timeout: 2s\n")
	// 105 bytes each: 200 fill an object, and 50 are left.
	assert.Equal(t, int64(5), r.metrics.get("objects_total", "json", "size"))
	assert.Equal(t, int64(1), r.metrics.get("objects_total", "json", "idle"))
	assert.Equal(t, int64(6), r.metrics.get("object_fill_bucket", "+Inf"))
	assert.Equal(t, int64(6), r.metrics.get("object_fill_bucket", "1"), "none is above the cap")
	assert.Equal(t, int64(1), r.metrics.get("object_fill_bucket", "0.9"))
	assert.Equal(t, int64(1), r.metrics.get("object_fill_bucket", "0.4"))
	assert.Zero(t, r.metrics.get("object_fill_bucket", "0.2"))
	assert.True(t, r.metrics.has("object_fill_bucket", "0.2"), "a bucket begins with zero")
	assert.Equal(t, int64(21_000), r.metrics.get("max_file_size_bytes"))
	assert.Equal(t, int64(512<<20), r.metrics.get("memory_limit_bytes"))
	assert.Equal(t, int64(60_000), r.metrics.get("max_age_ms"))
	assert.Equal(t, int64(1000), r.metrics.get("max_in_flight"))
}

func TestCountersBeginWithZero(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.run(t, "generate: {count: 1, interval: '', mapping: 'root = {}'}", "file_format: json\nidle_timeout: 200ms\non_bad_record: dead_letter\n")
	for _, counter := range []string{
		"stalls_total{}", "saturations_total{}", "memory_waits_total{}", "oversized_objects_total{}", "dead_letters_total{}",
		"encryption_mismatches_total{}", "multipart_uploads_left_total{}",
		"failed_records_total{denied}", "bad_records_total{dead_letter}", "objects_total{json,memory}", "objects_total{dead_letter,age}",
	} {
		value, there := r.metrics.values[prefix+counter]
		assert.True(t, there, counter)
		assert.Zero(t, value, counter)
	}
}

func TestOldestRecordAgesWhereverItWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, `
generate:
  interval: 10ms
  mapping: 'root = {"id": counter()}'
`, "file_name: 'f-{{chunk_id}}'\nfile_format: json\nmax_age: 100ms\nretry: {initial_interval: 10ms, max_interval: 100ms}\n")
	r.eventually(t, "an object", func() bool { return r.metrics.get("rows_total", "json") > 0 })
	r.s3.Faults.Deny("PutObject") // what is on its way waits, and so does what arrives
	r.eventually(t, "an old record", func() bool { return r.metrics.get("oldest_record_age_ms") > 2500 })
	r.s3.Faults.Clear()
	r.eventually(t, "a young one", func() bool { return r.metrics.get("oldest_record_age_ms") < 1000 })
}

func TestAgeComesToRestWithTheInput(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.run(t, "generate: {count: 5, interval: '', mapping: 'root = {}'}", "file_format: json\nidle_timeout: 1500ms\n")
	assert.True(t, r.metrics.has("oldest_record_age_ms"))
	assert.Zero(t, r.metrics.get("oldest_record_age_ms"))
}
