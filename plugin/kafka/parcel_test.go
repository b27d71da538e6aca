package kafka_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// counters is a metrics exporter that adds up counters.
type counters struct {
	mu  sync.Mutex
	sum map[string]int64
}

type adding struct {
	of   *counters
	name string
}

func (a adding) Incr(n int64) {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.of.sum[a.name] += n
}
func (adding) Set(int64)    {}
func (adding) Timing(int64) {}

func (c *counters) NewCounterCtor(name string, _ ...string) service.MetricsExporterCounterCtor {
	return func(...string) service.MetricsExporterCounter { return adding{c, name} }
}

func (c *counters) NewTimerCtor(name string, _ ...string) service.MetricsExporterTimerCtor {
	return func(...string) service.MetricsExporterTimer { return adding{c, name} }
}

func (c *counters) NewGaugeCtor(name string, _ ...string) service.MetricsExporterGaugeCtor {
	return func(...string) service.MetricsExporterGauge { return adding{c, name} }
}
func (c *counters) Close(context.Context) error { return nil }

// landed reads the topic to its end in a group of its own, and returns the lines of
// all objects, among them dead letters, and what Benthos has counted.
func (r *rig) landed(t *testing.T, group, x string, straight bool) (lines []string, counted map[string]int64) {
	t.Helper()
	c := &counters{sum: map[string]int64{}}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterMetricsExporter("counters", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return c, nil }))
	b := env.NewStreamBuilder()
	require.NoError(t, b.SetYAML(fmt.Sprintf(`
logger: {level: none}
metrics: {counters: {}}
input:
  s3_destination_kafka:
    seed_brokers: [%q]
    topics: [events]
    consumer_group: %s
    protocol: classic
    heartbeat_interval: 100ms
output:
  s3_destination:
    bucket: %s
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
    folder: '%s/x={{x}}'
    file_name: '{{uuid}}'
    file_format: json
    include_source_columns: [all]
    idle_timeout: 100ms
    on_bad_record: dead_letter
    variables: {x: '${! %s }'}
`, r.kafka.Seeds[0], group, r.s3.Bucket, r.s3.URL, r.s3.AccessKey, r.s3.SecretKey, group, x)))
	stream, err := b.Build()
	require.NoError(t, err)
	making.Lock()
	inflight.SetStraight(straight)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = stream.Run(context.Background())
	}()
	require.Eventually(t, func() bool {
		lag, err := r.kafka.Lag(t.Context(), group, "events")
		return err == nil && lag == 0
	}, 3*time.Minute, 20*time.Millisecond)
	making.Unlock()
	require.NoError(t, stream.StopWithin(20*time.Second))
	<-done
	for _, o := range r.s3.Objects(group + "/") {
		for line := range bytes.Lines(o.Body) {
			var row map[string]any
			require.NoError(t, json.Unmarshal(line, &row), "%s: %s", o.Key, line)
			delete(row, "time") // of a dead letter
			folder, _, _ := strings.Cut(strings.TrimPrefix(o.Key, group), "/20")
			text, err := json.Marshal(row)
			require.NoError(t, err)
			lines = append(lines, folder[:strings.LastIndexByte(folder, '/')+1]+strings.ReplaceAll(string(text), group, "GROUP"))
		}
	}
	slices.Sort(lines)
	c.mu.Lock()
	defer c.mu.Unlock()
	return lines, map[string]int64{"received": c.sum["input_received"], "sent": c.sum["output_sent"]}
}

// TestParcelsMakeTheSameObjectsAsMessages compares what lands, with metadata and dead
// letters, and what Benthos counts.
func TestParcelsMakeTheSameObjectsAsMessages(t *testing.T) {
	r := newBroker(t, s3test.Mode{})
	require.NoError(t, r.kafka.CreateTopic(t.Context(), "events", 1))
	var records []*kgo.Record
	for i, value := range []string{`{"x":"a"}`, `{"x":"b","y":1}`, `{"x":"a","y":2}`, "no JSON", "", `{"x":"c"}`} {
		record := &kgo.Record{Topic: "events", Key: fmt.Appendf(nil, "key-%d", i), Value: []byte(value), Timestamp: time.UnixMilli(1750000000123)}
		if i%2 == 0 {
			record.Headers = []kgo.RecordHeader{{Key: "h", Value: []byte("one")}, {Key: "h", Value: []byte{0xff}}, {Key: "kafka_key", Value: []byte("k")}}
		}
		records = append(records, record)
	}
	records = append(records, &kgo.Record{Topic: "events", Key: []byte("tombstone")})
	require.NoError(t, r.kafka.Produce(t.Context(), records...))
	for name, x := range map[string]string{"field": `json("x")`, "key": `meta("kafka_key")`, "bloblang": `json("x").uppercase()`} {
		t.Run(name, func(t *testing.T) {
			want, counted := r.landed(t, name+"-messages", x, false)
			got, also := r.landed(t, name+"-parcels", x, true)
			require.Len(t, got, len(records))
			require.Equal(t, want, got)
			require.Equal(t, counted, also)
			require.EqualValues(t, len(records), also["received"])
		})
	}
}
