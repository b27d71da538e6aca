package output

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/s3-destination/s3-destination/internal/landing"
)

// spans are the finished spans of a stream by name.
func spans(e *tracetest.InMemoryExporter) map[string]tracetest.SpanStubs {
	found := map[string]tracetest.SpanStubs{}
	for _, s := range e.GetSpans() {
		found[s.Name] = append(found[s.Name], s)
	}
	return found
}

// keeper keeps the spans when the stream ends.
type keeper struct{ *tracetest.InMemoryExporter }

// Shutdown does nothing.
func (keeper) Shutdown(context.Context) error { return nil }

func tracer(options ...sdktrace.TracerProviderOption) (trace.TracerProvider, *tracetest.InMemoryExporter) {
	e := tracetest.NewInMemoryExporter()
	return sdktrace.NewTracerProvider(append(options, sdktrace.WithSyncer(keeper{e}))...), e
}

func attributes(s *tracetest.SpanStub) map[string]string {
	found := map[string]string{}
	for _, a := range s.Attributes {
		found[string(a.Key)] = a.Value.String()
	}
	return found
}

func TestObjectIsASpanWithItsRecordsLinked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider, exported := tracer()
	r.trace(t, provider)
	r.run(t, `
generate:
  count: 60
  interval: ''
  batch_size: 10
  mapping: 'root = if counter() == 5 { "{" } else { {"id": counter(), "part": counter() % 2} }'
`, tinyPartitions+"on_bad_record: dead_letter\n")
	found := spans(exported)
	inputs := map[trace.TraceID]bool{}
	for _, s := range found["input_generate"] {
		inputs[s.SpanContext.TraceID()] = true
	}
	require.Len(t, inputs, 60, "a trace for each record")
	objects := found["s3_destination_object"]
	require.Len(t, objects, len(r.s3.Keys("in/")))
	formats := map[string]int{}
	for i := range objects {
		o := &objects[i]
		about := attributes(o)
		stored, ok := r.s3.Object(about["aws.s3.key"])
		require.True(t, ok, "the key is that of an object")
		assert.Equal(t, r.s3.Bucket, about["aws.s3.bucket"])
		assert.Equal(t, fmt.Sprint(strings.Count(string(stored.Body), "\n")), about["s3_destination_rows"])
		assert.Equal(t, fmt.Sprint(len(stored.Body)), about["s3_destination_bytes"])
		assert.Equal(t, stored.Metadata[landing.MetaReason], about["s3_destination_reason"])
		formats[about["s3_destination_format"]]++
		assert.False(t, o.Parent.IsValid(), "it belongs to no record's trace")
		assert.Equal(t, codes.Unset, o.Status.Code)
		require.Len(t, o.Events, 1)
		assert.Equal(t, "encoded", o.Events[0].Name)
		assert.False(t, o.Events[0].Time.Before(o.StartTime))
		assert.False(t, o.EndTime.Before(o.Events[0].Time))
		assert.Len(t, o.Links, strings.Count(string(stored.Body), "\n"))
		for _, l := range o.Links {
			assert.True(t, inputs[l.SpanContext.TraceID()])
			delete(inputs, l.SpanContext.TraceID())
		}
	}
	assert.Empty(t, inputs, "every record is linked from the object that holds it")
	assert.Equal(t, 1, formats["dead_letter"])
	assert.Equal(t, len(objects)-1, formats["json"])
}

func TestSpanOfAnObjectThatCannotBeStoredSaysWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider, exported := tracer()
	r.trace(t, provider)
	r.s3.Faults.Deny("PutObject")
	r.start(t, "generate: {count: 3, interval: '', batch_size: 3, mapping: 'root = {}'}",
		"file_format: json\nidle_timeout: 200ms\nhealth_check: {enabled: false}\n")
	r.eventually(t, "a span", func() bool { return len(spans(exported)["s3_destination_object"]) > 0 })
	s := spans(exported)["s3_destination_object"][0]
	assert.Equal(t, codes.Error, s.Status.Code)
	assert.Contains(t, s.Status.Description, "uploading")
	about := attributes(&s)
	assert.Equal(t, "denied", about["error.type"])
	assert.NotContains(t, about, "aws.s3.key")
	assert.Len(t, s.Links, 3)
	for _, e := range s.Events {
		assert.NotContains(t, fmt.Sprint(e), r.s3.SecretKey)
	}
	r.s3.Faults.Clear()
}

func TestSamplerDecidesAboutObjects(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	sampler := &countingSampler{}
	provider, exported := tracer(sdktrace.WithSampler(sampler))
	r.trace(t, provider)
	r.run(t, "generate: {count: 30, interval: '', batch_size: 10, mapping: 'root = {}'}", "file_format: json\nidle_timeout: 200ms\n")
	assert.Positive(t, sampler.asked)
	assert.Empty(t, exported.GetSpans())
}

// countingSampler drops everything.
type countingSampler struct{ asked int }

func (s *countingSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if p.Name == "s3_destination_object" {
		s.asked++
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop, Attributes: []attribute.KeyValue{}}
}

func (s *countingSampler) Description() string { return "drops everything" }

func TestRollReasonOfASchemaChangeReachesMetricsAndMetadata(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.run(t, `
generate:
  count: 5000
  interval: ''
  batch_size: 5000 # one batch: Go decides in which order several arrive
  mapping: |
    let n = counter()
    root = if $n > 3000 { {"id": $n, "new": "x"} } else { {"id": $n} }
`, "folder: in\nfile_name: 'f-{{chunk_id}}'\nfile_format: avro\nmax_records: 2000\nencoders: 1\nidle_timeout: 200ms\navro: {block_size: 500B}\n")
	reasons := map[string]int{}
	for _, o := range r.s3.Objects("in/f") {
		reasons[o.Metadata[landing.MetaReason]]++
	}
	assert.Equal(t, 1, reasons["schema"], "%v", reasons)
	assert.Equal(t, int64(1), r.metrics.get("objects_total", "avro", "schema"))
}
