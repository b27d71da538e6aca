// Package direct is how records go from a batch to the bucket without a stop on
// the way: they are held in memory, and the call that brought them returns when
// the objects that have them are stored. See package spooled for the other way.
package direct

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/live"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/resend"
	"github.com/s3-destination/s3-destination/internal/telemetry"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// Parts are what it works with. They stay those of the output.
type Parts struct {
	Conf     *config.Config
	Observer *telemetry.Observer
	Assigner *partition.Assigner
	Monitor  *health.Monitor
	// Columns are those kept in the bucket; nil where they are not.
	Columns *remember.Bucket
	// Pipe makes objects of chunks.
	Pipe chunk.Pipeline
	// Account is told what is given back, and Resends of batches that may come
	// again as a whole.
	Account *unstored.Account
	Resends *resend.Memory
	// Taking is told once that records are taken from now on.
	Taking func(inflight.Sink)
}

// Way is safe for concurrent use.
type Way struct {
	Parts

	// sentAway is the place of the batch that Benthos repeats when it is
	// connected again.
	sentAway atomic.Pointer[chunk.Place]
	// drained is closed when everything is to be written now. What waits then
	// is taken over even if the destination has never been reached.
	drained chan struct{}
	reached atomic.Bool

	mu     sync.Mutex
	chunks *chunk.Manager // nil before Connect
	closed bool
}

// New returns a way that makes no request before Connect.
func New(p Parts) *Way { return &Way{Parts: p, drained: make(chan struct{})} }

// Connect checks the destination and, the first time, starts taking records.
// Once everything is to be written it no longer insists on the check: whatever
// still waits in front of the output is better off inside.
func (w *Way) Connect(ctx context.Context) error {
	v := w.Monitor.ConnectUnless(ctx, w.drained)
	switch {
	case v.Err == nil:
		w.reached.Store(true)
		w.Observer.Unconditional(w.Conf.Store.Conditions)
	case !w.draining():
		return fmt.Errorf("%s: %w", w.Conf.Destination(), v.Err) // not every answer names the server
	}
	if err := w.proveColumns(ctx); err != nil && !w.draining() {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return service.ErrEndOfInput
	}
	if w.chunks != nil {
		return nil
	}
	w.chunks = chunk.New(w.Conf.Chunks, w.Pipe)
	w.Observer.Slows(w.chunks)
	if w.draining() {
		w.chunks.Drain()
	}
	w.Taking(&sink{w.Conf, w.chunks})
	return nil
}

// proveColumns tells, before the first record, when columns cannot be kept in the
// bucket. Later on that is a warning.
func (w *Way) proveColumns(ctx context.Context) error {
	if w.Columns == nil || w.taking() != nil {
		return nil
	}
	if err := w.Columns.Prove(ctx); err != nil {
		return fmt.Errorf("%s: %w", w.Conf.Destination(), err)
	}
	return nil
}

// taking are the chunks that take records; nil before Connect.
func (w *Way) taking() *chunk.Manager {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chunks
}

// Write stores a batch, and returns when that is done or in vain.
func (w *Way) Write(ctx context.Context, batch *parcel.Batch, held *inflight.Leases) error {
	chunks := w.taking()
	if chunks == nil {
		return service.ErrNotConnected
	}
	call := chunks.Arrive()
	defer call.Release()
	outcome, err := w.Monitor.Enter(ctx)
	switch {
	case err != nil:
		return err
	case outcome == health.Disconnect:
		place := call.Place()
		w.sentAway.Store(&place)
		return service.ErrNotConnected
	case outcome == health.Resume:
		defer w.Monitor.Resumed()
		if place := w.sentAway.Swap(nil); place != nil {
			call.Resume(*place)
		}
		call.Hurry()
	}
	ticket := ticketOf(batch.Carriers) //nolint:contextcheck // messages have contexts of their own
	call.Exactly(ticket)
	b := &brought{Batch: batch, conf: w.Conf, held: held, ticket: ticket}
	if err := call.Admit(ctx, b.payload(), b.Len()); err != nil {
		return err
	}
	if ticket != nil {
		return w.writeExactly(ctx, b, call)
	}
	b.half = w.halfStored(batch.Carriers) //nolint:contextcheck // messages have contexts of their own
	w.place(b, call)                      //nolint:contextcheck // messages have contexts of their own
	failures, err := call.Commit(ctx)
	if err != nil {
		w.Resends.Put(b.half)
		return err
	}
	if len(failures) == 0 {
		return nil
	}
	messages := b.Messages()
	w.Resends.Remember(messages, failures, b.half) //nolint:contextcheck // messages have contexts of their own
	return w.Account.GiveBack(messages, failures)
}

// halfStored returns what is stored of a batch that was here before, nil for
// any other.
func (w *Way) halfStored(batch service.MessageBatch) *resend.Batch {
	half := w.Resends.Take(batch)
	if half != nil {
		w.Observer.Resent()
	}
	return half
}

// place finds the partition of every record of a batch that is not stored.
func (w *Way) place(b *brought, call *chunk.Call) {
	pass := w.Assigner.Begin(b.read(w.Assigner))
	defer b.placed()
	defer pass.End()
	for i := range b.Len() {
		if b.done(i) {
			continue
		}
		if b.ticket != nil {
			call.At(b.offset(i))
		}
		rec := call.Next()
		if err := b.write(i, rec); err != nil {
			call.Reject(i, fmt.Errorf("reading the record: %w", err))
			continue
		}
		path, schema, err := w.Conf.Format.Place(pass, i, rec)
		if err != nil {
			call.Reject(i, err)
			continue
		}
		call.Put(path, schema, i)
	}
}

// Show adds what waits to what is shown of an output.
func (w *Way) Show(now time.Time, o *live.Output) {
	chunks := w.taking()
	if chunks == nil {
		return
	}
	l := chunks.Look(live.Head)
	o.Held = l.HeldBytes
	o.Chunks = live.Chunks{
		Open: l.Open, Sealed: l.Sealed, Encoding: l.Encoding, Encoded: l.Encoded, Uploading: l.Landing,
		UploadLimit: l.UploadLimit, Refused: l.Refused, Fill: l.Fill,
	}
	o.Hold(now, l.Chunks)
}

// Reached reports whether the destination was.
func (w *Way) Reached() bool { return w.reached.Load() }

// Drain writes everything that waits now, and what still arrives almost at
// once.
func (w *Way) Drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.draining() {
		close(w.drained)
	}
	if w.chunks != nil {
		w.chunks.Drain()
	}
}

// Flush writes everything that waits now, once.
func (w *Way) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.chunks != nil {
		w.chunks.Flush()
	}
}

// draining reports whether everything is to be written now.
func (w *Way) draining() bool {
	select {
	case <-w.drained:
		return true
	default:
		return false
	}
}

// Close ends all work. Records that are not durable yet are reported as failed to
// whoever still waits for them. It returns by the end of ctx.
func (w *Way) Close(ctx context.Context) error {
	w.mu.Lock()
	chunks := w.chunks
	w.closed = true
	w.mu.Unlock()
	if chunks == nil {
		return nil
	}
	return chunks.Close(ctx)
}
