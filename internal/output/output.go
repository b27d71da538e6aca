// Package output is the Benthos output s3_destination: it reads the
// configuration, finds each record's partition, hands the records to package
// chunk and reports to Benthos which of them are durable.
package output

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/resend"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/telemetry"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// Output lands batches in S3. It implements service.BatchOutput: WriteBatch is
// called from many goroutines at once.
type Output struct {
	conf     *config.Config
	log      *service.Logger
	metrics  *telemetry.Metrics
	assigner *partition.Assigner
	store    *store.Store
	columns  *remember.Bucket // nil unless they are kept in the bucket
	lander   *landing.Lander
	prober   *health.Prober
	monitor  *health.Monitor // nil when the health check is off
	pipe     chunk.Pipeline  // the lander, with spans when the stream is traced
	watch    *observer
	account  *unstored.Account
	resends  *resend.Memory
	stream   string // of streams mode
	label    string
	// spooled is the spool, where there is one; nil before Connect.
	spooled atomic.Pointer[spooled]
	refused atomic.Bool // it could not be opened

	// sentAway is the place of the batch that Benthos repeats when it is
	// connected again.
	sentAway atomic.Pointer[chunk.Place]

	// drained is closed when everything is to be written now. What waits then
	// is taken over even if the destination has never been reached.
	drained chan struct{}
	// leave ends that inputs of ours know this output; nil before Connect.
	leave func()
	// tried and reached tell whether Connect was called, and has succeeded.
	tried, reached atomic.Bool

	mu     sync.Mutex
	chunks *chunk.Manager // nil before Connect
	closed bool
}

var (
	_ service.BatchOutput        = (*Output)(nil)
	_ service.ConnectionTestable = (*Output)(nil)
)

// New makes an output from its configuration. No request is made before
// Connect.
func New(ctx context.Context, conf *config.Config, res *service.Resources) (*Output, error) {
	o := &Output{conf: conf, log: res.Logger(), stream: res.StreamID(), label: res.Label(), drained: make(chan struct{})}
	o.metrics = telemetry.New(res.Metrics(), res.Logger(), conf)
	o.metrics.OnOutgrown(lifecycle.MemoryChanged)
	o.account = unstored.NewAccount(res.Path(), o.metrics.Aged)
	o.metrics.OnOutage(o.account.Waiting)
	o.resends = resend.NewMemory(res.Path())
	for _, w := range conf.Warnings {
		o.log.Warn(w)
	}
	if columns := conf.Format.Columns; columns != nil {
		columns.Observe(o.metrics)
		if err := columns.Open(); err != nil {
			return nil, err
		}
	}
	var err error
	if o.assigner, err = partition.New(conf.Partition); err != nil {
		return nil, err
	}
	o.watch = &observer{Metrics: o.metrics}
	conf.Store.Auth.Label = res.Label()
	conf.Store.Observer = o.watch
	if o.store, err = store.New(ctx, conf.Store); err != nil {
		return nil, err
	}
	o.metrics.Knows(o.store)
	o.keepColumns()
	o.prober = health.NewProber(o.store, conf.Probe(res.Label()))
	if conf.Health.Enabled {
		o.monitor = health.NewMonitor(health.Config{
			Probe:    o.prober,
			Interval: conf.Health.Interval,
			Timeout:  conf.Health.Timeout,
			Observer: o.metrics,
		})
	}
	o.watch.monitor = o.monitor
	conf.Chunks.Observer = o.watch
	conf.Chunks.GiveUpAfter = conf.Store.Retry.MaxElapsed
	conf.Chunks.Refused = o.monitor.RefusesAlone
	if conf.Spool.On() {
		claimSpool(spoolDir(conf.Spool.Path, o.stream, o.label))
	}
	o.lander = landing.New(conf.Landing(o.describe), health.NewPatient(o.store, o.monitor, conf.Store.Retry.MaxElapsed))
	o.pipe = telemetry.WithTracing(o.lander, res.OtelTracer(), conf)
	return o, nil
}

// Connect checks the destination and, the first time, starts taking records.
// Once everything is to be written it no longer insists on the check: whatever
// still waits in front of the output is better off inside.
func (o *Output) Connect(ctx context.Context) error {
	if o.conf.Spool.On() {
		return o.connectSpool(ctx)
	}
	o.tried.Store(true)
	lifecycle.Attach(o, o.stream)
	v := o.monitor.ConnectUnless(ctx, o.drained)
	switch {
	case v.Err == nil:
		o.reached.Store(true)
		o.metrics.Unconditional(o.conf.Store.Conditions)
	case !o.draining():
		return fmt.Errorf("%s: %w", o.conf.Destination(), v.Err) // not every answer names the server
	}
	if err := o.proveColumns(ctx); err != nil && !o.draining() {
		return err
	}
	o.account.Connected()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return service.ErrEndOfInput
	}
	if o.chunks != nil {
		return nil
	}
	o.chunks = chunk.New(o.conf.Chunks, o.pipe)
	o.watch.chunks.Store(o.chunks)
	if o.draining() {
		o.chunks.Drain()
	}
	lifecycle.Takes(o)
	o.leave = inflight.Join(o.stream, &sink{o, o.chunks})
	return nil
}

// WriteBatch returns once every record of the batch is durable, refused or
// dropped. A nil error acknowledges the batch; a *service.BatchError names the
// records that failed.
func (o *Output) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	call := o.account.Enter(len(batch))
	held := inflight.LeasesOf(len(batch), func(i int) context.Context { return batch[i].Context() }) //nolint:contextcheck // messages have contexts of their own
	ctx, end := held.Watch(ctx)
	defer end()
	err := unstored.Ended(ctx, o.write(ctx, batch, &held))
	if errors.Is(err, unstored.ErrStopped) && errors.Is(context.Cause(ctx), inflight.ErrWithdrawn) {
		err = inflight.ErrWithdrawn
	}
	o.account.End(call, batch, err) //nolint:contextcheck // messages have contexts of their own
	if errors.Is(err, inflight.ErrWithdrawn) && held.Gone() {
		return nil
	}
	return err
}

// write stores a batch, and returns when that is done or in vain.
func (o *Output) write(ctx context.Context, batch service.MessageBatch, held *inflight.Leases) error {
	if held.Gone() {
		return inflight.ErrWithdrawn
	}
	if err := ctx.Err(); err != nil {
		return err // a forced stop: whatever we store now is delivered again
	}
	if o.conf.Spool.On() {
		return o.keep(ctx, batch, held)
	}
	o.mu.Lock()
	chunks := o.chunks
	o.mu.Unlock()
	if chunks == nil {
		return service.ErrNotConnected
	}
	call := chunks.Arrive()
	defer call.Release()
	outcome, err := o.monitor.Enter(ctx)
	switch {
	case err != nil:
		return err
	case outcome == health.Disconnect:
		place := call.Place()
		o.sentAway.Store(&place)
		return service.ErrNotConnected
	case outcome == health.Resume:
		defer o.monitor.Resumed()
		if place := o.sentAway.Swap(nil); place != nil {
			call.Resume(*place)
		}
		call.Hurry()
	}
	ticket := ticketOf(batch) //nolint:contextcheck // messages have contexts of their own
	call.Exactly(ticket)
	if err := call.Admit(ctx, o.payload(batch), len(batch)); err != nil {
		return err
	}
	if ticket != nil {
		return o.writeExactly(ctx, batch, ticket, held, call)
	}
	half := o.halfStored(batch)           //nolint:contextcheck // messages have contexts of their own
	o.place(batch, half, held, nil, call) //nolint:contextcheck // messages have contexts of their own
	failures, err := call.Commit(ctx)
	if err != nil {
		o.resends.Put(half)
		return err
	}
	o.resends.Remember(batch, failures, half)  //nolint:contextcheck // messages have contexts of their own
	return o.account.GiveBack(batch, failures) //nolint:contextcheck // messages have contexts of their own
}

// halfStored returns what is stored of a batch that was here before, nil for
// any other.
func (o *Output) halfStored(batch service.MessageBatch) *resend.Batch {
	half := o.resends.Take(batch)
	if half != nil {
		o.metrics.Resent()
	}
	return half
}

// place finds the partition of every record of the batch that is not stored.
func (o *Output) place(batch service.MessageBatch, half *resend.Batch, held *inflight.Leases, ticket *exactly.Ticket, call *chunk.Call) {
	pass := o.assigner.Begin(batch)
	defer pass.End()
	for i, m := range batch {
		if half.Done(i) || held.Over(i) {
			continue
		}
		if ticket != nil {
			call.At(offsetOf(m, ticket))
		}
		rec, err := o.record(m)
		if err != nil {
			call.Refuse(rec, i, fmt.Errorf("reading the record: %w", err))
			continue
		}
		path, schema, err := o.conf.Format.Place(pass, i, &rec)
		if err != nil {
			call.Refuse(rec, i, err)
			continue
		}
		call.Add(path, schema, rec, i)
	}
}

// payload is the memory that the records of a batch take, in bytes.
func (o *Output) payload(batch service.MessageBatch) int64 {
	n := int64(0)
	for _, m := range batch {
		if rec, err := o.record(m); err == nil {
			n += int64(rec.Footprint())
		}
	}
	return n
}

// Drain writes everything that waits now, and what still arrives almost at
// once.
func (o *Output) Drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.draining() {
		close(o.drained)
	}
	if o.chunks != nil {
		o.chunks.Drain()
	}
}

// Flush writes everything that waits now, once.
func (o *Output) Flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.chunks != nil {
		o.chunks.Flush()
	}
}

// draining reports whether everything is to be written now.
func (o *Output) draining() bool {
	select {
	case <-o.drained:
		return true
	default:
		return false
	}
}

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
	chunks := o.chunks
	o.closed = true
	if o.leave != nil {
		o.leave()
	}
	o.mu.Unlock()
	left := o.Unstored()                   // as long as it is known why
	lifecycle.Within(ctx, o.monitor.Close) // first: uploads wait for it
	if o.columns != nil {
		o.columns.Close() // so do encoders
	}
	if chunks != nil {
		if err := chunks.Close(ctx); err != nil {
			o.log.Debugf("Closing before the last uploads have ended: %v", err)
		}
	}
	if k := o.spooled.Load(); k != nil {
		k.close(ctx, o.log)
	}
	o.account.Close()
	o.store.Close()
	lifecycle.Detach(o, left, o.log)
	return nil
}
