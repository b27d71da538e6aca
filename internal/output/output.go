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

	"github.com/gofrs/uuid/v5"
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Output lands batches in S3. It implements service.BatchOutput: WriteBatch is
// called from many goroutines at once.
type Output struct {
	conf     *Config
	log      *service.Logger
	metrics  *metrics
	assigner *partition.Assigner
	store    *store.Store
	lander   *landing.Lander
	prober   *health.Prober
	monitor  *health.Monitor // nil when the health check is off
	pipe     chunk.Pipeline  // the lander, with spans when the stream is traced
	watch    *observer
	backlog  *backlog
	account  account
	resends  resends
	stream   string // of streams mode

	sourceless warning
	// sentAway is the place of the batch that Benthos repeats when it is
	// connected again.
	sentAway atomic.Pointer[chunk.Place]

	// drained is closed when everything is to be written now. What waits then
	// is taken over even if the destination has never been reached.
	drained chan struct{}
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
func New(ctx context.Context, conf *Config, res *service.Resources) (*Output, error) {
	o := &Output{conf: conf, log: res.Logger(), stream: res.StreamID(), drained: make(chan struct{})}
	o.account.elsewhere = goesElsewhere(res.Path())
	o.resends.enabled = wrapped(res.Path())
	o.metrics = newMetrics(res.Metrics(), res.Logger(), conf)
	o.backlog = &backlog{report: o.metrics.Aged}
	for _, w := range conf.warnings {
		o.log.Warn(w)
	}
	var err error
	if o.assigner, err = partition.New(conf.partition); err != nil {
		return nil, err
	}
	o.watch = &observer{metrics: o.metrics}
	conf.store.Auth.Label = res.Label()
	conf.store.Observer = o.watch
	if o.store, err = store.New(ctx, conf.store); err != nil {
		return nil, err
	}
	o.metrics.knowledge = o.store
	o.prober = health.NewProber(o.store, conf.probe(res.Label()))
	if conf.health.enabled {
		o.monitor = health.NewMonitor(health.Config{
			Probe:    o.prober,
			Interval: conf.health.interval,
			Timeout:  conf.health.timeout,
			Observer: o.metrics,
		})
	}
	o.watch.monitor = o.monitor
	o.conf.chunks.Observer = o.watch
	o.conf.chunks.GiveUpAfter = conf.store.Retry.MaxElapsed
	o.conf.chunks.Refused = func(err error) bool { return refusedObject(o.monitor, err) }
	o.lander = landing.New(o.landing(), health.NewPatient(o.store, o.monitor, conf.store.Retry.MaxElapsed))
	o.pipe = withTracing(o.lander, res.OtelTracer(), conf)
	return o, nil
}

func (o *Output) landing() landing.Config {
	c := landing.Config{
		Data: landing.Format{
			NewEncoder:      o.conf.format.newEncoder,
			Namer:           o.conf.layout,
			ContentType:     o.conf.format.contentType,
			ContentEncoding: o.conf.format.encoding,
		},
		Describe: o.describe,
		Metadata: o.conf.store.Metadata,
		Range:    o.conf.trust.RangeName,
	}
	if o.conf.deadLetters != nil {
		c.DeadLetters = landing.Format{
			NewEncoder:  deadLetterEncoder,
			Namer:       o.conf.deadLetters.Layout(),
			ContentType: "application/x-ndjson",
		}
	}
	return c
}

// Connect checks the destination and, the first time, starts taking records.
// Once everything is to be written it no longer insists on the check: whatever
// still waits in front of the output is better off inside.
func (o *Output) Connect(ctx context.Context) error {
	attach(o)
	if err := o.check(ctx); err != nil {
		if !o.draining() {
			return fmt.Errorf("%s: %w", o.conf.destination(), err) // not every answer names the server
		}
	} else {
		o.reached.Store(true)
	}
	o.account.connected()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return service.ErrEndOfInput
	}
	if o.chunks != nil {
		return nil
	}
	o.conf.chunks.NewID = newID
	o.chunks = chunk.New(o.conf.chunks, o.pipe)
	o.watch.chunks.Store(o.chunks)
	if o.draining() {
		o.chunks.Drain()
	}
	takes(o)
	return nil
}

// lastCheck is how long a check may take once everything is to be written: a
// destination that is well has answered by then.
const lastCheck = 500 * time.Millisecond

// check probes the destination, when that is enabled. Drain cuts it short.
func (o *Output) check(ctx context.Context) error {
	if o.monitor == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-o.drained:
			time.AfterFunc(lastCheck, cancel)
		case <-ctx.Done():
		}
	}()
	v := o.monitor.Connect(ctx)
	if v.Err != nil {
		return v.Err
	}
	o.metrics.Unconditional(o.conf.store.Conditions)
	return nil
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// ConnectionTest runs the probe of the health check.
func (o *Output) ConnectionTest(ctx context.Context) service.ConnectionTestResults {
	var v health.Verdict
	if o.monitor != nil {
		v = o.monitor.Check(ctx)
	} else {
		v = o.prober.Probe(ctx)
	}
	if v.Err != nil {
		return service.ConnectionTestFailed(v.Err).AsList()
	}
	return service.ConnectionTestSucceeded().AsList()
}

// WriteBatch returns once every record of the batch is durable, refused or
// dropped. A nil error acknowledges the batch; a *service.BatchError names the
// records that failed.
func (o *Output) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	w := o.backlog.enter(len(batch))
	defer o.backlog.leave(w)
	err := ended(ctx, o.write(ctx, batch))
	o.account.settle(w, batch, err) //nolint:contextcheck // messages have contexts of their own
	return err
}

// write stores a batch, and returns when that is done or in vain.
func (o *Output) write(ctx context.Context, batch service.MessageBatch) error {
	if err := ctx.Err(); err != nil {
		return err // a forced stop: whatever we store now is delivered again
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
	if err := call.Admit(ctx, o.payload(batch), len(batch)); err != nil {
		return err
	}
	half := o.halfStored(batch) //nolint:contextcheck // messages have contexts of their own
	o.place(batch, half, call)
	failures, err := call.Commit(ctx)
	if err != nil {
		o.resends.put(half)
		return err
	}
	o.account.giveBack(batch, failures) //nolint:contextcheck // messages have contexts of their own
	o.resends.remember(batch, failures, half)
	return batchError(batch, failures)
}

// halfStored returns what is stored of a batch that was here before, nil for
// any other.
func (o *Output) halfStored(batch service.MessageBatch) *halfStored {
	half := o.resends.take(batch)
	if half != nil && o.metrics.resent.due() {
		o.log.Warn("A batch is sent again as a whole although only some of its records failed; what is stored of it is not stored again. A retry, a broker or a switch around this output does not know single records, and waits for them for ever: set on_bad_record to dead_letter or drop.")
	}
	return half
}

// place finds the partition of every record of the batch that is not stored.
func (o *Output) place(batch service.MessageBatch, half *halfStored, call *chunk.Call) {
	pass := o.assigner.Begin(batch)
	defer pass.End()
	for i, m := range batch {
		if half.done(i) {
			continue
		}
		rec, err := o.record(m)
		if err != nil {
			call.Refuse(rec, i, fmt.Errorf("reading the record: %w", err))
			continue
		}
		path, err := pass.Assign(i, &rec)
		if err != nil {
			call.Refuse(rec, i, err)
			continue
		}
		schema := ""
		if identify := o.conf.format.identify; identify != nil {
			if schema, err = identify(&rec); err != nil {
				call.Refuse(rec, i, err)
				continue
			}
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

// batchError reports the failed records of a batch, nil when there are none.
func batchError(batch service.MessageBatch, failures []chunk.Failure) error {
	if len(failures) == 0 {
		return nil
	}
	headline := failures[0].Err
	if n := len(failures); n > 1 {
		headline = fmt.Errorf("storing %d of %d records, among them: %w", n, len(batch), headline)
	}
	if errors.Is(headline, service.ErrEndOfInput) || errors.Is(headline, service.ErrNotConnected) {
		headline = errors.New(headline.Error()) // would be taken for an order by Benthos
	}
	err := service.NewBatchError(batch, headline)
	for _, f := range failures {
		_ = err.Failed(f.Index, f.Err)
	}
	return err
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

// flush writes everything that waits now, once.
func (o *Output) flush() {
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
	o.mu.Unlock()
	left := o.unstored()         // as long as it is known why
	within(ctx, o.monitor.Close) // first: uploads wait for it
	if chunks != nil {
		if err := chunks.Close(ctx); err != nil {
			o.log.Debugf("Closing before the last uploads have ended: %v", err)
		}
	}
	o.backlog.close()
	o.store.Close()
	detach(o, left)
	return nil
}

// within waits for f, but not beyond the end of ctx.
func within(ctx context.Context, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
