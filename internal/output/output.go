// Package output is the Benthos output s3_destination: it puts the others
// together from a configuration, and stands between them and Benthos, which it
// tells which records are durable.
package output

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/direct"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/live"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/place"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/resend"
	"github.com/s3-destination/s3-destination/internal/spooled"
	"github.com/s3-destination/s3-destination/internal/summary"
	"github.com/s3-destination/s3-destination/internal/telemetry"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// way is how records get from a batch to the destination: package direct holds the
// call until their objects are stored, package spooled until they are on disk.
type way interface {
	// Connect returns when records are taken.
	Connect(ctx context.Context) error
	// Write returns when every record of a batch is durable, refused or dropped,
	// or says that it is not.
	Write(ctx context.Context, batch *parcel.Batch, held *inflight.Leases) error
	// Drain writes what waits, and whatever still arrives, Flush what waits now.
	Drain()
	Flush()
	// Reached reports whether records got to where they are safe, or would have.
	Reached() bool
	// Show adds what is held now to what is shown of the output.
	Show(now time.Time, o *live.Output)
	// Close ends all work, by the end of ctx. What is not durable then has failed.
	Close(ctx context.Context) error
}

var (
	_ way = (*direct.Way)(nil)
	_ way = (*spooled.Way)(nil)
)

// Output lands batches in S3. It implements service.BatchOutput: WriteBatch is
// called from many goroutines at once.
type Output struct {
	conf    *config.Config
	log     *service.Logger
	metrics *telemetry.Metrics
	store   place.Place
	columns *remember.Bucket // nil unless they are kept in the bucket
	prober  *health.Prober
	monitor *health.Monitor // nil when the health check is off
	watch   *telemetry.Observer
	account *unstored.Account
	tally   *summary.Tally
	way     way

	identity
	tried atomic.Bool // Connect was called
	mu    sync.Mutex
	leave func() // ends that inputs of ours know this output; nil before they do
	hide  func() // ends that people are shown it; nil before they are
}

// identity is which output of which configuration it is.
type identity struct {
	stream, label, path string // stream is of streams mode
	drains              bool   // it stores what is in its spool, and takes no records
}

var (
	_ service.BatchOutput        = (*Output)(nil)
	_ service.ConnectionTestable = (*Output)(nil)
)

// New makes an output from its configuration. No request is made before
// Connect.
func New(ctx context.Context, conf *config.Config, res *service.Resources) (*Output, error) {
	return build(ctx, conf, res, identity{stream: res.StreamID(), label: res.Label(), path: pathOf(res)})
}

func build(ctx context.Context, conf *config.Config, res *service.Resources, id identity) (*Output, error) {
	o := &Output{conf: conf, log: res.Logger(), identity: id}
	o.metrics = telemetry.New(res.Metrics(), res.Logger(), conf)
	o.metrics.OnOutgrown(lifecycle.MemoryChanged)
	o.account = unstored.NewAccount(res.Path(), o.metrics.Aged)
	o.metrics.OnOutage(o.account.Waiting)
	for _, w := range conf.Warnings {
		o.log.Warn(w)
	}
	if columns := conf.Format.Columns; columns != nil {
		columns.Observe(o.metrics)
		if err := columns.Open(); err != nil {
			return nil, err
		}
	}
	assigner, err := partition.New(conf.Partition)
	if err != nil {
		return nil, err
	}
	o.tally = summary.Begin(time.Now(), conf.Places()...)
	o.watch = telemetry.NewObserver(o.metrics, o.tally)
	conf.Store.Auth.Label = id.label
	conf.Store.Observer = o.watch
	if o.store, err = place.Open(ctx, conf); err != nil {
		return nil, err
	}
	o.metrics.Knows(o.store)
	o.keepColumns()
	o.prober = health.NewProber(o.store, conf.Probe(id.label))
	if conf.Health.Enabled {
		o.monitor = health.NewMonitor(health.Config{
			Probe:    o.prober,
			Interval: conf.Health.Interval,
			Timeout:  conf.Health.Timeout,
			Observer: o.metrics,
		})
	}
	o.watch.Watch(o.monitor)
	conf.Chunks.Observer = o.watch
	conf.Chunks.GiveUpAfter = conf.Store.Retry.MaxElapsed
	conf.Chunks.Refused = o.monitor.RefusesAlone
	o.way = o.choose(assigner, res)
	return o, nil
}

// choose returns the way that the configuration asks for.
func (o *Output) choose(assigner *partition.Assigner, res *service.Resources) way {
	lander := landing.New(o.conf.Landing(o.describe), health.NewPatient(o.store, o.monitor, o.conf.Store.Retry.MaxElapsed))
	if o.conf.Spool.On() {
		return spooled.New(spooled.Parts{
			Conf: o.conf, Log: o.log, Observer: o.watch, Assigner: assigner, Monitor: o.monitor, Pipe: lander,
			Stream: o.stream, Label: o.label, Drains: o.drains, Taking: o.taking,
		})
	}
	return direct.New(direct.Parts{
		Conf: o.conf, Observer: o.watch, Assigner: assigner, Monitor: o.monitor, Columns: o.columns,
		Pipe:    telemetry.WithTracing(lander, res.OtelTracer(), o.conf),
		Account: o.account, Resends: resend.NewMemory(res.Path()), Taking: o.taking,
	})
}

// keepColumns has the columns of datasets kept in the bucket, if they are to be.
func (o *Output) keepColumns() {
	if !o.conf.Format.InBucket {
		return
	}
	o.columns = remember.New(o.store, remember.Config{
		Prefix: o.conf.Layout.StaticPrefix(), GiveUpAfter: o.conf.Store.Retry.MaxElapsed, Waiting: o.metrics.ColumnsWait,
	})
	format, _, _ := strings.Cut(o.conf.Format.Name, "+")
	o.conf.Format.Columns.Keep(o.columns, format)
}

// describe returns the ranges of offsets of an object, and warns when there
// are none although columns were asked for.
func (o *Output) describe(records []record.Record) map[string]string {
	ranges := o.conf.Trust.Describe(records)
	if ranges == nil && o.conf.Columns != nil {
		o.metrics.Sourceless()
	}
	return ranges
}

// taking has others know that records are taken from now on.
func (o *Output) taking(sink inflight.Sink) {
	lifecycle.Takes(o)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leave = inflight.Join(o.stream, sink)
}

// Connect returns when records are taken: see [direct.Way.Connect] and
// [spooled.Way.Connect].
func (o *Output) Connect(ctx context.Context) error {
	if !o.tried.Swap(true) {
		o.mu.Lock()
		o.hide = live.Add(o)
		o.mu.Unlock()
	}
	lifecycle.Attach(o, o.stream)
	if err := o.way.Connect(ctx); err != nil {
		return err
	}
	o.account.Connected()
	return nil
}

// WriteBatch returns once every record of the batch is durable, refused or
// dropped. A nil error acknowledges the batch; a *service.BatchError names the
// records that failed.
func (o *Output) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	b, err := parcel.Open(batch)
	if err != nil {
		return err //nolint:wrapcheck // says what is wrong
	}
	call := o.account.Enter(b.Len())
	held := inflight.LeasesOf(len(batch), func(i int) context.Context { return batch[i].Context() }) //nolint:contextcheck // messages have contexts of their own
	ctx, end := held.Watch(ctx)
	defer end()
	err = unstored.Ended(ctx, o.write(ctx, b, &held))
	if errors.Is(err, unstored.ErrStopped) && errors.Is(context.Cause(ctx), inflight.ErrWithdrawn) {
		err = inflight.ErrWithdrawn
	}
	o.account.End(call, b.Meta, err)
	if errors.Is(err, inflight.ErrWithdrawn) && held.Gone() {
		return nil
	}
	return err
}

// write stores a batch, and returns when that is done or in vain.
func (o *Output) write(ctx context.Context, batch *parcel.Batch, held *inflight.Leases) error {
	if held.Gone() {
		return inflight.ErrWithdrawn
	}
	if err := ctx.Err(); err != nil {
		return err // a forced stop: whatever we store now is delivered again
	}
	return o.way.Write(ctx, batch, held)
}

// Drain writes everything that waits now, and what still arrives almost at
// once.
func (o *Output) Drain() { o.way.Drain() }

// Flush writes everything that waits now, once.
func (o *Output) Flush() { o.way.Flush() }

// closeTime bounds Close: Benthos gives it no time limit of its own, and a
// server that answers nothing is no reason to keep a process from ending.
const closeTime = 3 * time.Second

// Close stops the output. Records that are not durable yet are reported as
// failed to whoever still waits for them. It returns by the end of ctx, and
// after three seconds in any case.
func (o *Output) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	o.mu.Lock()
	for _, end := range []func(){o.leave, o.hide} {
		if end != nil {
			end()
		}
	}
	o.mu.Unlock()
	left := o.Unstored()                   // as long as it is known why
	lifecycle.Within(ctx, o.monitor.Close) // first: uploads wait for it
	if o.columns != nil {
		o.columns.Close() // so do encoders
	}
	if err := o.way.Close(ctx); err != nil {
		o.log.Debugf("Closing before the last uploads have ended: %v", err)
	}
	o.account.Close()
	o.store.Close()
	lifecycle.Detach(o, left, o.log)
	return nil
}
