package telemetry

import (
	"context"
	"strings"
	"sync"
	"testing"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure" // has the tracer of resources
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Records are read once more only where the encoder has not said that none has half
// a character.
func TestHalvesAreCountedUnlessTheEncoderFoundNone(t *testing.T) {
	records := []record.Record{{Raw: []byte(`{"a":"\ud800"}`)}, {Raw: []byte(`{"a":"\ud83d\ude00"}`)}, {Value: "\ufffd"}}
	for _, c := range []struct {
		notes         encode.Notes
		halves, twice int64
	}{
		{encode.Notes{}, 1, 0},
		{encode.Notes{Twice: 2}, 1, 2},
		{encode.Notes{Whole: true}, 0, 0},
		{encode.Notes{Whole: true, Twice: 2}, 0, 2},
	} {
		counted, m := counting(t)
		m.countMended(chunk.Object{Records: records, Notes: c.notes})
		assert.Equal(t, c.halves, counted.of("mended_records_total lone_surrogate"), "%+v", c.notes)
		assert.Equal(t, c.twice, counted.of("mended_records_total duplicate_key"), "%+v", c.notes)
	}
}

// counting returns metrics and what is counted with them.
func counting(t *testing.T) (*counters, *Metrics) {
	t.Helper()
	c := &counters{counts: map[string]int64{}}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterMetricsExporter("counters", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return c, nil }))
	b := env.NewResourceBuilder()
	require.NoError(t, b.SetMetricsYAML("counters: {}"))
	res, stop, err := b.Build()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, stop(context.Background())) })
	return c, New(res.Metrics(), res.Logger(), &config.Config{})
}

// counters keep what metrics count, by name without prefix and values of labels.
type counters struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (c *counters) of(series string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[series]
}

func (c *counters) add(name string, labels []string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[strings.Join(append([]string{strings.TrimPrefix(name, prefix)}, labels...), " ")] += n
}

func (c *counters) NewCounterCtor(name string, _ ...string) service.MetricsExporterCounterCtor {
	return func(labels ...string) service.MetricsExporterCounter {
		return counter(func(n int64) { c.add(name, labels, n) })
	}
}

func (c *counters) NewTimerCtor(string, ...string) service.MetricsExporterTimerCtor {
	return func(...string) service.MetricsExporterTimer { return counter(func(int64) {}) }
}

func (c *counters) NewGaugeCtor(string, ...string) service.MetricsExporterGaugeCtor {
	return func(...string) service.MetricsExporterGauge { return counter(func(int64) {}) }
}

func (c *counters) Close(context.Context) error { return nil }

// counter is told of every change of a metric.
type counter func(int64)

func (c counter) Incr(n int64)   { c(n) }
func (c counter) Timing(n int64) { c(n) }
func (c counter) Set(n int64)    { c(n) }
