package output

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/template"
)

// spooled is the spool of an output, with those who work on it.
type spooled struct {
	spool   *spool.Spool
	courier *courier.Courier
	dir     string
	// all metadata is kept of records from Kafka, because of headers among it.
	all     bool
	buffers sync.Pool // of *[]byte

	// near: the spool is nearly full. Then one call, sent, is told that the output
	// is not connected, which is how readiness turns red.
	near atomic.Bool
	sent atomic.Bool

	stop context.CancelFunc
	done sync.WaitGroup
}

// keys are the metadata that names, columns and dead letters are made of.
var keys = []string{
	record.KafkaTopic, record.KafkaPartition, record.KafkaOffset, record.KafkaKey, record.KafkaMillis, record.KafkaSeconds,
	record.KafkaTombstone, "path", "http_server_request_path",
}

// spoolDir is the directory of the spool of an output.
func spoolDir(path, stream, label string) string {
	if label == "" {
		label = "s3_destination"
	}
	if stream != "" {
		label = stream + "." + label
	}
	return filepath.Join(path, label)
}

// connectSpool opens the spool, the first time. The destination need not be
// reached for that. Later it returns when there is room again.
func (o *Output) connectSpool(ctx context.Context) error {
	o.tried.Store(true)
	lifecycle.Attach(o, o.stream)
	if k := o.spooled.Load(); k != nil {
		if err := k.await(ctx); err != nil {
			return err
		}
		o.account.Connected()
		return nil
	}
	opts := o.conf.SpoolOptions()
	opts.Lost, opts.Failed, opts.Synced, opts.Now = o.metrics.SpoolLost, o.metrics.SpoolFailed, o.metrics.SpoolSynced, time.Now
	k := &spooled{dir: spoolDir(o.conf.Spool.Path, o.stream, o.label)}
	k.all = o.conf.Columns.HasHeaders() || o.conf.Chunks.OnBadRecord == chunk.ToDeadLetter
	k.buffers.New = func() any { return new([]byte) }
	s, err := o.openSpool(ctx, k.dir, opts)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return errors.Join(service.ErrEndOfInput, s.Close())
	}
	k.spool = s
	probing, stop := context.WithCancel(context.WithoutCancel(ctx)) // until Close
	k.stop = stop
	k.courier = courier.New(courier.Config{
		Chunks: o.conf.Chunks, Known: o.knows, Failed: o.metrics.SpoolFailed,
		Sealed: func(sealed chunk.Object) {
			sealed.Key = template.Readable(sealed.Path) // it may get another one
			o.metrics.Noted(sealed)
		},
		Observe: func(s courier.Stats) { o.observeSpool(k, s) },
	}, s, o.lander)
	o.watch.courier.Store(k.courier)
	o.spooled.Store(k)
	k.done.Go(func() { o.find(probing) })
	o.account.Connected()
	lifecycle.Takes(o)
	o.leave = inflight.Join(o.stream, &spoolSink{o})
	return nil
}

// openPatience is how long a spool that could not be opened is tried again, before
// that is told again. What is in the way is most often another process that ends.
const openPatience = 10 * time.Second

// openSpool opens the spool, unless there is one beside it that nobody would ever
// store.
func (o *Output) openSpool(ctx context.Context, dir string, opts spool.Options) (*spool.Spool, error) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; {
		err := error(nil)
		if o.stream == "" { // streams know nothing of each other
			err = orphaned(o.conf.Spool.Path)
		}
		var s *spool.Spool
		if err == nil {
			s, err = spool.Open(disk.OS{}, dir, opts) //nolint:contextcheck // it is not given up half way
		}
		if err == nil || !o.refused.Swap(true) || time.Since(began) >= openPatience {
			return s, err //nolint:wrapcheck // says what was being done
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, err //nolint:wrapcheck // says what was being done
		}
	}
}

// find looks for the destination, beside the records.
func (o *Output) find(ctx context.Context) {
	for ctx.Err() == nil {
		if o.monitor.Connect(ctx).Err == nil {
			o.reached.Store(true)
			o.metrics.Unconditional(o.conf.Store.Conditions)
			return
		}
	}
}

// knows reports whether it is known what the destination can do.
func (o *Output) knows() bool { return o.reached.Load() }

// nearlyFull and roomAgain are the parts of max_size between which readiness turns
// red and green again.
const nearlyFull, roomAgain = 0.9, 0.8

func (o *Output) observeSpool(k *spooled, s courier.Stats) {
	part := float64(s.Journal+s.Spill+s.Outbox) / float64(o.conf.Spool.MaxSize)
	switch {
	case part >= nearlyFull || s.Full || s.Calls > 0:
		k.near.Store(true)
	case part <= roomAgain:
		k.near.Store(false)
	}
	o.metrics.Spool(s, k.near.Load())
}

// roomPatience is how long a call of Connect waits for room.
const roomPatience = 10 * time.Second

// await returns when there is room in the spool.
func (k *spooled) await(ctx context.Context) error {
	end := time.NewTimer(roomPatience)
	defer end.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for k.near.Load() {
		select {
		case <-tick.C:
		case <-end.C:
			return fmt.Errorf("the spool in %s is nearly full: less is stored in the destination than arrives, or nothing at all", k.dir)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	k.sent.Store(false)
	return nil
}

// roomTick is how often a call that waits for room looks whether it is the one to
// say that there is none.
const roomTick = 500 * time.Millisecond

// room waits until the spool has room for a call. While it is nearly full one of
// the calls is told that the output is not connected; nothing of it is written yet.
func (k *spooled) room(ctx context.Context, size int64) error {
	for {
		if k.near.Load() && k.sent.CompareAndSwap(false, true) {
			return service.ErrNotConnected
		}
		bounded, cancel := context.WithTimeout(ctx, roomTick)
		err := k.spool.Room(bounded, size)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, spool.ErrClosed):
			return chunk.ErrClosed
		}
	}
}

// around is about what a record takes beside its payload.
const around = 32

// keep writes a batch to the spool, and returns when it is on disk.
func (o *Output) keep(ctx context.Context, batch service.MessageBatch, held *inflight.Leases) error {
	k := o.spooled.Load()
	if k == nil {
		return service.ErrNotConnected
	}
	size := o.payload(batch)
	if err := k.room(ctx, size); err != nil {
		return err
	}
	done, err := k.courier.Admit(ctx, size)
	if err != nil {
		return err //nolint:wrapcheck // the end of ctx
	}
	defer done()
	buf := k.buffers.Get().(*[]byte)
	*buf = slices.Grow((*buf)[:0], int(size)+len(batch)*around)
	defer k.buffers.Put(buf)
	records := o.encode(k, batch, held, buf) //nolint:contextcheck // messages have contexts of their own
	err = k.courier.Append(ctx, records)
	if errors.Is(err, spool.ErrClosed) {
		return chunk.ErrClosed
	}
	return err //nolint:wrapcheck // says what was being done
}

// encode makes bytes of the records of a batch, in a buffer that is used again.
func (o *Output) encode(k *spooled, batch service.MessageBatch, held *inflight.Leases, buf *[]byte) []spool.Record {
	pass := o.assigner.Begin(batch)
	defer pass.End()
	records := make([]spool.Record, 0, len(batch))
	ends := make([]int, 0, len(batch))
	out := (*buf)[:0]
	var names namer
	for i, m := range batch {
		if held.Over(i) {
			continue
		}
		rec, err := o.record(m)
		var path []byte
		var schema string
		if err == nil {
			path, schema, err = o.conf.Format.Place(pass, i, &rec)
		}
		var with []byte
		if err == nil {
			kept := codec.Codec{Keys: keys, All: k.all && source.FromKafka(rec.Meta)}
			with, err = kept.Append(out, &rec)
		}
		if err != nil {
			if letter, ok := courier.Refuse(&o.conf.Chunks, &rec, chunk.Data, "", err); ok {
				records, ends = append(records, letter), append(ends, -1)
			}
			continue
		}
		out = with
		records, ends = append(records, spool.Record{Path: names.of(path, schema, rec.Dataset.Name())}), append(ends, len(out))
	}
	*buf = out
	begin := 0
	for i, end := range ends {
		if end >= 0 {
			records[i].Data = out[begin:end]
			begin = end
		}
	}
	return records
}

// namer makes the names of streams, of which most follow one of the same name.
type namer struct {
	path, schema, dataset string
	name                  string
}

func (n *namer) of(path []byte, schema, dataset string) string {
	if n.name == "" || n.path != string(path) || n.schema != schema || n.dataset != dataset {
		n.path, n.schema, n.dataset = string(path), schema, dataset
		n.name = courier.Name(n.path, schema, dataset)
	}
	return n.name
}

// close ends the work, and says what waits for the next start.
func (k *spooled) close(ctx context.Context, log *service.Logger) {
	k.stop()
	if err := k.courier.Close(ctx); err != nil {
		log.Debugf("Closing before the last uploads have ended: %v", err)
	}
	s := k.spool.Stats()
	if err := k.spool.Close(); err != nil {
		log.Warnf("Closing the spool in %s: %v. What is in it is safe.", k.dir, err)
	}
	k.done.Wait()
	if s.Streams+s.Objects > 0 {
		log.Infof("Records of %d partitions and %d objects wait in the spool in %s. The next start goes on with them.", s.Streams, s.Objects, k.dir)
	}
}

// spoolSink is an output with a spool as inputs of ours know it: what it holds is
// on disk, and nothing has to be written before a partition of Kafka goes.
type spoolSink struct{ output *Output }

var _ inflight.Sink = (*spoolSink)(nil)

// Flush implements inflight.Sink.
func (s *spoolSink) Flush() {}

// Relieve implements inflight.Sink.
func (s *spoolSink) Relieve() {}

// MemoryLimit implements inflight.Sink.
func (s *spoolSink) MemoryLimit() int64 { return s.output.conf.SpoolOptions().Memory }

// Slots implements inflight.Sink.
func (s *spoolSink) Slots() int { return s.output.conf.MaxInFlight }
