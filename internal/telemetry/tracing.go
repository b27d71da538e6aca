package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
)

// tracing is a Pipeline that makes a span of every object, from the beginning
// of its encoding to its durability. The span belongs to no trace of a record,
// since an object holds many: it links to them.
type tracing struct {
	chunk.Pipeline
	tracer         trace.Tracer
	bucket, format string
}

const (
	tracerName = "s3-destination"
	spanName   = config.Name + "_object"
)

// WithTracing adds spans to a Pipeline, unless the stream is not traced: then
// it returns the Pipeline as it is.
func WithTracing(p chunk.Pipeline, provider trace.TracerProvider, conf *config.Config) chunk.Pipeline {
	if _, off := provider.(noop.TracerProvider); off || provider == nil {
		return p
	}
	return &tracing{Pipeline: p, tracer: provider.Tracer(tracerName), bucket: conf.Store.Bucket, format: conf.Format.Name}
}

// timed remembers when an object was encoded.
type timed struct {
	chunk.Encoded
	began, ended time.Time
}

// Encode implements chunk.Pipeline.
func (t *tracing) Encode(ctx context.Context, kind chunk.Kind, records []record.Record, limit int64) (chunk.Encoded, encode.Result, error) {
	began := time.Now()
	e, res, err := t.Pipeline.Encode(ctx, kind, records, limit)
	if err != nil {
		_, span := t.start(ctx, began, kind, records)
		fail(span, err)
		span.End()
	}
	if e != nil {
		e = &timed{Encoded: e, began: began, ended: time.Now()}
	}
	return e, res, err
}

// Land implements chunk.Pipeline.
func (t *tracing) Land(ctx context.Context, o chunk.Object) (string, error) {
	e := o.Encoded.(*timed)
	o.Encoded = e.Encoded
	ctx, span := t.start(ctx, e.began, o.Kind, o.Records)
	defer span.End()
	span.AddEvent("encoded", trace.WithTimestamp(e.ended))
	span.SetAttributes(
		attribute.Int(prefix+"rows", o.Rows),
		attribute.Int64(prefix+"bytes", o.Bytes),
		attribute.String(prefix+"reason", string(o.Reason)),
	)
	key, err := t.Pipeline.Land(ctx, o)
	if err != nil {
		fail(span, err)
		return key, err
	}
	span.SetAttributes(attribute.String("aws.s3.key", key))
	return key, nil
}

// start begins the span of an object that holds the records.
func (t *tracing) start(ctx context.Context, began time.Time, kind chunk.Kind, records []record.Record) (context.Context, trace.Span) {
	ctx, span := t.tracer.Start(ctx, spanName, trace.WithTimestamp(began), trace.WithNewRoot())
	if !span.IsRecording() {
		return ctx, span
	}
	format := t.format
	if kind == chunk.DeadLetter {
		format = kind.String()
	}
	span.SetAttributes(
		attribute.String("aws.s3.bucket", t.bucket),
		attribute.String(prefix+"format", format),
	)
	for _, c := range contexts(records) {
		span.AddLink(trace.Link{SpanContext: c})
	}
	return ctx, span
}

// fail records why there is no object.
func fail(span trace.Span, err error) {
	span.RecordError(err)
	span.SetStatus(codes.Error, err.Error())
	if class := store.ClassOf(err); class != "" {
		span.SetAttributes(attribute.String("error.type", string(class)))
	}
}

// maxLinks bounds the links of a span: what OpenTelemetry keeps by default.
const maxLinks = 128

// contexts returns the spans that the records travel in, as far as they are
// recorded. Records in a row that share a trace count once. Where there are
// more than maxLinks, they are thinned out evenly.
func contexts(records []record.Record) []trace.SpanContext {
	var found []trace.SpanContext
	var last trace.TraceID
	stride, seen := 1, 0
	for i := range records {
		m, ok := records[i].Meta.(interface{ Context() context.Context })
		if !ok {
			continue
		}
		c := trace.SpanContextFromContext(m.Context())
		if !c.IsSampled() || c.TraceID() == last {
			continue
		}
		last = c.TraceID()
		if seen++; (seen-1)%stride != 0 {
			continue
		}
		if len(found) == maxLinks {
			found, stride = halve(found), 2*stride
		}
		found = append(found, c)
	}
	return found
}

// halve drops every second element, in place.
func halve(all []trace.SpanContext) []trace.SpanContext {
	kept := all[:0]
	for i := 0; i < len(all); i += 2 {
		kept = append(kept, all[i])
	}
	return kept
}
