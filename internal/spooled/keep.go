package spooled

import (
	"context"
	"errors"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// around is about what a record takes beside its payload.
const around = 48

// keys are the metadata that names, columns and dead letters are made of.
var keys = []string{
	record.KafkaTopic, record.KafkaPartition, record.KafkaOffset, record.KafkaKey, record.KafkaMillis, record.KafkaSeconds,
	record.KafkaTombstone, "path", "http_server_request_path",
}

// Write writes a batch to the spool, and returns when it is on disk.
func (w *Way) Write(ctx context.Context, b *parcel.Batch, held *inflight.Leases) error {
	batch := b.Messages()
	k := w.opened.Load()
	if k == nil {
		return service.ErrNotConnected
	}
	size := w.Conf.Payload(batch)
	if err := k.room(ctx, size); err != nil {
		return err
	}
	done, err := k.courier.Admit(ctx, size)
	if err != nil {
		return err //nolint:wrapcheck // the end of ctx
	}
	defer done()
	buf, block, giveBack := k.buffer(int(size) + len(batch)*around)
	defer giveBack()
	d := w.delivery(k)
	records := w.encode(k, batch, held, buf, d)
	for i := range records {
		if r := &records[i]; r.Room > 0 && block.Has(r.Data) {
			r.Block = block
		}
	}
	err = k.courier.Append(ctx, records, d.marks)
	d.settle(err, w.Observer.SpoolRedelivered)
	if errors.Is(err, spool.ErrClosed) {
		return chunk.ErrClosed
	}
	return err //nolint:wrapcheck // says what was being done
}

// buffer returns memory for a batch. The records of several partitions are sorted
// into an entry of the journal, and the memory is used again; those of a single
// one become the entry as they are, behind some room.
func (k *keeper) buffer(size int) (buf *[]byte, block *memory.Block, giveBack func()) {
	if k.single.Load() && size >= 64*spool.Headroom { // it stays in memory with the records
		block = memory.Get(spool.Headroom + size)
		b := block.Bytes()[:spool.Headroom]
		return &b, block, block.Release
	}
	buf = k.buffers.Get().(*[]byte)
	*buf = slices.Grow((*buf)[:0], size)
	return buf, nil, func() { k.buffers.Put(buf) }
}

// span is records of a batch that follow each other in the buffer and belong to the
// same partition.
type span struct {
	name       string
	begin, end int // of its bytes
	first, n   int // of its records, among the shapes
}

// kept are the records of a batch that are in a buffer, in their order.
type kept struct {
	spans  []span
	shapes []spool.Shape
}

// add adds the record in the buffer from begin to end.
func (k *kept) add(name string, begin, end int, shape spool.Shape) {
	if n := len(k.spans); n == 0 || k.spans[n-1].name != name {
		k.spans = append(k.spans, span{name: name, begin: begin, first: len(k.shapes)})
	}
	last := &k.spans[len(k.spans)-1]
	last.end = end
	last.n++
	k.shapes = append(k.shapes, shape)
}

// encode makes bytes of the records of a batch, in a buffer, without those that an
// earlier process has written.
func (w *Way) encode(k *keeper, batch service.MessageBatch, held *inflight.Leases, buf *[]byte, d *delivery) []spool.Record {
	pass := w.Assigner.Begin(batch)
	defer pass.End()
	all := kept{shapes: make([]spool.Shape, 0, len(batch))}
	var letters []spool.Record
	out := *buf
	room := len(out)
	var names namer
	var rec record.Record // one for all, because it is on the heap
	for i, m := range batch {
		if held.Over(i) {
			continue
		}
		rec = record.Record{}
		err := w.Conf.Read(m, &rec)
		var path []byte
		var schema string
		if err == nil {
			path, schema, err = w.Conf.Format.Place(pass, i, &rec)
		}
		begin := len(out)
		var payload []byte
		if err == nil {
			payload, err = codec.AppendPayload(spool.Begin(out), &rec)
		}
		if err != nil {
			if letter, ok := w.refuse(&rec, err, d); ok {
				letters = append(letters, letter)
			}
			continue
		}
		name, sum := names.of(path, schema, rec.Dataset.Name())
		switch {
		case codec.Alone(rec.Meta): // so it has no place by which it would be known
			out = codec.AppendAlone(payload, &rec)
		case d.known(&rec, payload[begin:], sum):
			continue
		default:
			with := codec.Codec{Keys: keys, All: k.all && source.FromKafka(rec.Meta)}
			out = with.AppendRest(payload, &rec)
		}
		shape := spool.Shape{Hint: codec.Hint(&rec, out[len(payload):])}
		shape.Size = spool.End(out, begin)
		all.add(name, begin, len(out), shape)
	}
	*buf = out
	single := len(all.spans) == 1 && len(letters) == 0
	k.single.Store(single)
	// What records take is counted by their bytes. Memory of which most is unused,
	// for parsed records and where some were left out, must not stay with them.
	if single && room > 0 && 2*len(out) >= cap(out) {
		return []spool.Record{{Path: all.spans[0].name, Data: out, Count: len(all.shapes), Shapes: all.shapes, Room: room}}
	}
	records := make([]spool.Record, 0, len(all.spans)+len(letters))
	for _, s := range all.spans {
		records = append(records, spool.Record{Path: s.name, Data: out[s.begin:s.end], Count: s.n, Shapes: all.shapes[s.first : s.first+s.n]})
	}
	return append(records, letters...)
}

// refuse returns the dead letter of a record that cannot be kept, unless there is
// to be none, or an earlier process has written it.
func (w *Way) refuse(r *record.Record, reason error, d *delivery) (spool.Record, bool) {
	if d.known(r, r.Raw, 0) {
		return spool.Record{}, false
	}
	return courier.Refuse(&w.Conf.Chunks, r, chunk.Data, "", reason)
}

// namer makes the names of streams, of which most follow one of the same name.
type namer struct {
	path, schema, dataset string
	name                  string
	sum                   uint64 // of the name
}

func (n *namer) of(path []byte, schema, dataset string) (name string, sum uint64) {
	if n.name == "" || n.path != string(path) || n.schema != schema || n.dataset != dataset {
		n.path, n.schema, n.dataset = string(path), schema, dataset
		n.name = courier.Name(n.path, schema, dataset)
		n.sum = xxhash.Sum64String(n.name)
	}
	return n.name, n.sum
}
