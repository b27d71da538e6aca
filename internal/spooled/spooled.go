// Package spooled is how records go from a batch to the bucket by way of a spool:
// the call that brought them returns when they are on local disk, and a courier
// takes them from there. See package direct for the other way.
package spooled

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/telemetry"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Parts are what it works with. They stay those of the output.
type Parts struct {
	Conf     *config.Config
	Log      *service.Logger
	Observer *telemetry.Observer
	Assigner *partition.Assigner
	Monitor  *health.Monitor
	// Pipe makes objects of records.
	Pipe courier.Pipeline
	// Stream and Label name the output, and so the directory of its spool.
	Stream, Label string
	// Drains: only what is in that spool is to be stored, whatever lies beside it.
	Drains bool
	// Taking is told once that records are taken from now on.
	Taking func(inflight.Sink)
}

// Way is safe for concurrent use.
type Way struct {
	Parts

	dir     string
	opened  atomic.Pointer[keeper] // nil before Connect
	refused atomic.Bool            // it could not be opened
	reached atomic.Bool

	mu     sync.Mutex
	closed bool
}

// keeper is the spool, with those who work on it.
type keeper struct {
	spool   *spool.Spool
	courier *courier.Courier
	dir     string
	// all metadata is kept of records from Kafka, because of headers among it.
	all     bool
	buffers sync.Pool // of *[]byte
	// single: the last batch was of one partition.
	single atomic.Bool

	// near: the spool is nearly full. Then one call, sent, is told that the output
	// is not connected, which is how readiness turns red.
	near atomic.Bool
	sent atomic.Bool

	stop context.CancelFunc
	done sync.WaitGroup
}

// New returns a way that touches no disk before Connect.
func New(p Parts) *Way {
	w := &Way{Parts: p, dir: Dir(p.Conf, p.Stream, p.Label)}
	claim(w.dir)
	return w
}

// Dir is the directory of the spool of the output with that label, in streams mode
// of that stream.
func Dir(conf *config.Config, stream, label string) string {
	if label == "" {
		label = config.Name
	}
	if stream != "" {
		label = stream + "." + label
	}
	return filepath.Join(conf.Spool.Path, label)
}

// Connect opens the spool, the first time. The destination need not be reached for
// that. Later it returns when there is room again.
func (w *Way) Connect(ctx context.Context) error {
	if k := w.opened.Load(); k != nil {
		return k.await(ctx)
	}
	opts := w.Conf.SpoolOptions()
	opts.Lost, opts.Failed, opts.Synced, opts.Now = w.Observer.SpoolLost, w.Observer.SpoolFailed, w.Observer.SpoolSynced, time.Now
	k := &keeper{dir: w.dir}
	k.all = w.Conf.Columns.HasHeaders() || w.Conf.Chunks.OnBadRecord == chunk.ToDeadLetter
	k.buffers.New = func() any { return new([]byte) }
	s, err := w.open(ctx, opts)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errors.Join(service.ErrEndOfInput, s.Close())
	}
	k.spool = s
	probing, stop := context.WithCancel(context.WithoutCancel(ctx)) // until Close
	k.stop = stop
	k.courier = courier.New(courier.Config{
		Chunks: w.Conf.Chunks, Known: w.reached.Load, Failed: w.Observer.SpoolFailed,
		Sealed: func(sealed chunk.Object) {
			sealed.Key = template.Readable(sealed.Path) // it may get another one
			w.Observer.Noted(sealed)
		},
		Observe: func(s courier.Stats) { w.observe(k, s) },
	}, s, w.Pipe)
	w.Observer.Slows(k.courier)
	w.opened.Store(k)
	k.done.Go(func() { w.find(probing) })
	w.Taking(&sink{w.Conf})
	return nil
}

// openPatience is how long a spool that could not be opened is tried again, before
// that is told again. What is in the way is most often another process that ends.
const openPatience = 10 * time.Second

// open opens the spool, unless there is one beside it that nobody would ever store.
func (w *Way) open(ctx context.Context, opts spool.Options) (*spool.Spool, error) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; {
		err := error(nil)
		if w.Stream == "" && !w.Drains { // streams know nothing of each other
			err = orphaned(w.Conf.Spool.Path)
		}
		var s *spool.Spool
		if err == nil {
			s, err = spool.Open(disk.OS{}, w.dir, opts) //nolint:contextcheck // it is not given up half way
		}
		if err == nil || !w.refused.Swap(true) || time.Since(began) >= openPatience {
			return s, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// find looks for the destination, beside the records.
func (w *Way) find(ctx context.Context) {
	for ctx.Err() == nil {
		if w.Monitor.Connect(ctx).Err == nil {
			w.reached.Store(true)
			w.Observer.Unconditional(w.Conf.Store.Conditions)
			return
		}
	}
}

// Reached reports whether records have got as far as they have to be to be safe.
func (w *Way) Reached() bool { return w.opened.Load() != nil }

// Drain and Flush do nothing: what is on disk waits for no end.
func (w *Way) Drain() {}

// Flush is as Drain.
func (w *Way) Flush() {}

// Empty stores everything that is in the spool, and returns when nothing is left.
// It comes after Connect.
func (w *Way) Empty(ctx context.Context, progress func(spool.Stats)) error {
	return w.opened.Load().courier.Empty(ctx, progress)
}

// Close ends the work, and says what waits for the next start. It returns by the
// end of ctx. If something is still at work then, such as an encoder, the directory
// stays locked until that has ended or the process has: it may be writing a file of
// the outbox, and the next to open the spool would give the same number to another.
func (w *Way) Close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	k := w.opened.Load()
	if k == nil {
		return nil
	}
	k.stop()
	ended, err := k.courier.Close(ctx)
	s := k.spool.Stats()
	k.spool.Shut()
	if err != nil {
		go func() {
			<-ended
			w.release(k)
		}()
	} else {
		w.release(k)
	}
	k.done.Wait()
	if s.Streams+s.Objects > 0 {
		w.Log.Infof("Records of %d partitions and %d objects wait in the spool in %s. The next start goes on with them.", s.Streams, s.Objects, k.dir)
	}
	return err
}

// release lets others have the directory.
func (w *Way) release(k *keeper) {
	if err := k.spool.Close(); err != nil {
		w.Log.Warnf("Closing the spool in %s: %v. What is in it is safe.", k.dir, err)
	}
}

// sink is an output with a spool as inputs of ours know it: what it holds is on
// disk, and nothing has to be written before a partition of Kafka goes.
type sink struct{ conf *config.Config }

var _ inflight.Sink = (*sink)(nil)

// Flush implements inflight.Sink.
func (s *sink) Flush() {}

// Relieve implements inflight.Sink.
func (s *sink) Relieve() {}

// MemoryLimit implements inflight.Sink.
func (s *sink) MemoryLimit() int64 { return s.conf.SpoolOptions().Memory }

// Slots implements inflight.Sink.
func (s *sink) Slots() int { return s.conf.MaxInFlight }
