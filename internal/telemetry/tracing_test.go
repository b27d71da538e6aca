package telemetry

import (
	"context"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/record"
)

func tracer(options ...sdktrace.TracerProviderOption) trace.TracerProvider {
	return sdktrace.NewTracerProvider(append(options, sdktrace.WithSyncer(tracetest.NewInMemoryExporter()))...)
}

func TestLinksAreThinnedOutEvenly(t *testing.T) {
	provider := tracer()
	var records []record.Record
	number := map[trace.TraceID]int{}
	for i := range 10_000 {
		ctx, span := provider.Tracer("").Start(context.Background(), "")
		number[span.SpanContext().TraceID()] = i
		for range 3 { // records of one trace, such as the lines of a file
			records = append(records, record.Record{Meta: service.NewMessage(nil).WithContext(ctx)})
		}
	}
	assert.Len(t, contexts(records[:3]), 1)
	assert.Len(t, contexts(records[:3*maxLinks]), maxLinks)
	found := contexts(records)
	require.Greater(t, len(found), maxLinks/2)
	require.LessOrEqual(t, len(found), maxLinks)
	stride := number[found[1].TraceID()]
	for i, c := range found {
		assert.Equal(t, i*stride, number[c.TraceID()])
	}
	assert.Greater(t, (len(found)+1)*stride, 9_999, "to the end")
}

func TestOnlyRecordedTracesAreLinked(t *testing.T) {
	provider := tracer(sdktrace.WithSampler(sdktrace.NeverSample()))
	ctx, _ := provider.Tracer("").Start(context.Background(), "")
	assert.Empty(t, contexts([]record.Record{
		{Meta: service.NewMessage(nil).WithContext(ctx)}, {Meta: service.NewMessage(nil)}, {},
	}))
}

func TestStreamThatIsNotTracedPaysNothing(t *testing.T) {
	var pipe chunk.Pipeline = &tracing{}
	conf := &config.Config{}
	assert.Same(t, pipe, WithTracing(pipe, noop.NewTracerProvider(), conf), "the tracing is not on the way of objects at all")
	assert.Same(t, pipe, WithTracing(pipe, nil, conf))
	assert.NotSame(t, pipe, WithTracing(pipe, tracer(), conf))
}
