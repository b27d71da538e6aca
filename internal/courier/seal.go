package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
)

// perRecord is about what a record takes in lists while it is encoded.
const perRecord = 160

// again is when a stream is tried again that could not be sealed.
const again = time.Second

// make makes an object of a stream, and what follows from that.
func (c *Courier) make(w work) {
	m, err := c.seal(c.ctx, w, func(end uint64) { c.ends(&w, end) })
	failed := err != nil && !errors.Is(err, errBefore)
	c.mu.Lock()
	w.turn.end(err == nil)
	if failed {
		c.rest[w.ID] = time.Now().Add(again)
	}
	c.leave(w.ID)
	c.ended()
	c.mu.Unlock()
	if m != nil {
		c.pass(m)
	}
	if failed {
		c.failed(err)
	}
	c.proceed()
	c.poke()
}

// made is an object that was sealed and is in memory, too.
type made struct {
	spool.Object
	size    int64 // of the body
	body    io.WriterTo
	release func() // of the memory
}

// waiting is the object as one that waits in the outbox.
func (m *made) waiting() spool.Waiting {
	return spool.Waiting{Number: m.Number, Kind: m.Kind, Path: m.Path, Size: m.size}
}

// draft is an object that is encoded and not sealed.
type draft struct {
	chunk.Object
	spool.Range
	records []record.Record // of the range
	refused []encode.Refusal
	done    func() // gives the memory of the records back
}

// seal makes an object of the next records of a stream. It returns nil when none
// of them is stored. It tells once where its records end, as soon as that is known: the
// next object can be encoded from then on.
func (c *Courier) seal(ctx context.Context, w work, ends func(end uint64)) (*made, error) {
	d, err := c.draft(ctx, w, ends)
	if err != nil {
		return nil, err
	}
	return c.settle(ctx, d, &w)
}

// settle seals an object that is encoded, after the one before it.
func (c *Courier) settle(ctx context.Context, d *draft, w *work) (*made, error) {
	defer d.done()
	var m *made
	err := w.after.wait(ctx, w.First)
	if w.turn != nil {
		w.turn.at = d.End
	}
	if err == nil {
		letters := c.refuse(d.records, d.refused, &d.Object)
		m, err = c.commit(ctx, d.Range, &d.Object, letters)
	}
	if m == nil && d.Encoded != nil {
		d.Encoded.Release()
	}
	return m, err
}

// draft encodes the next records of a stream.
func (c *Courier) draft(ctx context.Context, w work, ends func(end uint64)) (*draft, error) {
	kind := kindOf(w.Kind)
	most, bounded := c.most(kind, &w.Stream)
	giveBack, err := c.encoding.take(ctx, most+c.read(&w.Stream, most)*perRecord)
	if err != nil {
		return nil, err
	}
	b, err := c.spool.Read(w.ID, w.First, most, c.cfg.Chunks.MaxRecords) //nolint:contextcheck // what is lost is noted, whatever ends
	if err != nil {
		giveBack()
		return nil, err //nolint:wrapcheck // says what was being done
	}
	c.spool.Lend(&b)
	list := lists.Get().(*[]record.Record)
	d := &draft{done: func() {
		giveList(list)
		b.Release()
		giveBack()
	}}
	d.Object = chunk.Object{ID: c.cfg.Chunks.NewID(), Kind: kind, Opened: w.Since, Reason: w.reason}
	path, dataset := parts(w.Path)
	d.Path = path
	there := len(b.Records)
	foreseen := c.foresee(&w, kind, &b)
	if len(b.Records) < there {
		d.Reason = chunk.Size
	}
	if foreseen {
		ends(b.End)
	}
	*list = decoded((*list)[:0], &b, record.DatasetOf(dataset))
	d.records = *list
	if len(d.records) == 0 { // what was there is lost, and has been told
		d.Range = b.Range
		ends(d.End)
		return d, nil
	}
	form, res, err := c.encode(ctx, kind, d.records)
	if err != nil {
		d.done()
		return nil, fmt.Errorf("encoding an object of %s: %w", path, err)
	}
	switch {
	case res.Taken < len(d.records):
		b.End = b.Ends[res.Taken-1]
		d.Reason = c.cfg.Chunks.Ending(res)
	case bounded && b.End < b.First+w.Records && len(d.records) != c.cfg.Chunks.MaxRecords:
		d.Reason = chunk.Memory
	}
	raw := int64(0)
	for _, r := range b.Records[:res.Taken] {
		raw += int64(len(r))
	}
	c.learn(&w, kind, raw, res.Bytes, foreseen && res.Taken < len(d.records))
	if !foreseen {
		ends(b.End)
	}
	d.Range, d.refused = b.Range, res.Refused
	d.Encoded, d.Bytes, d.Rows, d.Notes = form, res.Bytes, res.Rows, res.Notes
	d.Records = stored(d.records[:res.Taken], res.Refused)
	return d, nil
}

// encode encodes records when one of the encoders is free.
func (c *Courier) encode(ctx context.Context, kind chunk.Kind, records []record.Record) (chunk.Encoded, encode.Result, error) {
	select {
	case c.encoders <- struct{}{}:
	case <-ctx.Done():
		return nil, encode.Result{}, context.Cause(ctx)
	}
	defer func() { <-c.encoders }()
	return chunk.Encode(ctx, c.cfg.Chunks, c.pipe, kind, records)
}

// most is how many bytes are read of a stream for an object, and whether memory
// is what bounds them.
func (c *Courier) most(kind chunk.Kind, t *spool.Stream) (n int64, bounded bool) {
	part := float64(t.Bytes) / float64(max(t.Bytes+int64(t.Records)*perRecord, 1))
	n = int64(float64(c.encoding.all) * part)
	if rows := c.rows(t); rows < t.Records { // about what they take
		n = min(n, 2*t.Bytes/int64(t.Records)*int64(rows))
	}
	if largest := c.cfg.Chunks.CapOf(kind); largest > 0 {
		if want := int64(overshoot * float64(largest) / c.ratios.Of(kind, t.Path)); want <= n {
			return max(want, 1), false
		}
	}
	return max(n, 1), true
}

// rows is how many records of a stream are read for an object at most.
func (c *Courier) rows(t *spool.Stream) uint64 {
	if most := c.cfg.Chunks.MaxRecords; most > 0 {
		return min(t.Records, uint64(most))
	}
	return t.Records
}

// read is about how many records are read of a stream, of so many bytes at most.
func (c *Courier) read(t *spool.Stream, bytes int64) int64 {
	rows := float64(t.Records) * float64(bytes) / float64(max(t.Bytes, 1))
	return int64(min(float64(c.rows(t)), rows+1))
}

// commit seals an object, or that none of the records is stored.
func (c *Courier) commit(ctx context.Context, r spool.Range, o *chunk.Object, letters []spool.Record) (*made, error) {
	if r.End <= r.First {
		return nil, nil
	}
	var intent []byte
	var body io.WriterTo
	if o.Encoded != nil {
		var err error
		if intent, body, err = c.pipe.Seal(*o); err != nil {
			return nil, err //nolint:wrapcheck // says what was being done
		}
	}
	number, err := c.spool.Seal(ctx, r, intent, body, letters)
	switch {
	case errors.Is(err, spool.ErrUnknown):
		return nil, nil // nothing is left of the stream
	case err != nil || o.Encoded == nil:
		return nil, err //nolint:wrapcheck // says what was being done
	}
	c.mu.Lock()
	c.made[number] = struct{}{}
	c.mu.Unlock()
	if o.Kind == chunk.Data {
		c.cfg.Sealed(*o)
	}
	object := spool.Object{Number: number, Kind: spoolKind(o.Kind), Path: o.Path, Range: r, Intent: intent}
	return &made{Object: object, size: o.Bytes, body: body, release: o.Encoded.Release}, nil
}

// lists are used again: to clear one is a part of what it takes to make it anew.
var lists = sync.Pool{New: func() any { return new([]record.Record) }} // of *[]record.Record

// giveList lets a list be used again, without its records.
func giveList(list *[]record.Record) {
	if spool.Reusable(cap(*list), len(*list)) {
		clear(*list)
		lists.Put(list)
	}
}

// decoded appends the records that were written to the spool. What is none is left to
// the encoder, which refuses it.
func decoded(all []record.Record, b *spool.Batch, dataset record.Dataset) []record.Record {
	all = slices.Grow(all, len(b.Records))[:len(b.Records)]
	for i, d := range b.Records {
		if hint := b.Hints[i]; hint > 0 {
			all[i] = codec.DecodeBare(d, hint)
		} else if r, err := codec.Decode(d); err == nil {
			all[i] = r
		} else {
			all[i].Raw = d
		}
		all[i].Dataset = dataset
	}
	return all
}

// stored are the records that were not refused.
func stored(records []record.Record, refused []encode.Refusal) []record.Record {
	if len(refused) == 0 {
		return records
	}
	all := make([]record.Record, 0, len(records)-len(refused))
	for i := range records {
		if len(refused) > 0 && refused[0].Index == i {
			refused = refused[1:]
			continue
		}
		all = append(all, records[i])
	}
	return all
}

// refuse does with refused records what the policy says. Nobody waits for them any
// more to whom they could be given back.
func (c *Courier) refuse(records []record.Record, refused []encode.Refusal, o *chunk.Object) []spool.Record {
	var letters []spool.Record
	for _, r := range refused {
		if l, ok := Refuse(&c.cfg.Chunks, &records[r.Index], o.Kind, o.Path, r.Err); ok {
			letters = append(letters, l)
		}
	}
	return letters
}

// Refuse does with a record that cannot be stored what the policy says, and
// returns the dead letter that takes its place, if there is one.
func Refuse(rules *chunk.Config, r *record.Record, kind chunk.Kind, from string, reason error) (spool.Record, bool) {
	letters := rules.DeadLetters
	if rules.OnBadRecord != chunk.ToDeadLetter || kind == chunk.DeadLetter {
		rules.Observer.Refused(chunk.Drop, reason)
		return spool.Record{}, false
	}
	rules.Observer.Refused(chunk.ToDeadLetter, reason)
	now := time.Now()
	line := record.Record{Raw: letters.Describe(r, from, reason, now)}
	data, err := new(codec.Codec).Append(nil, &line)
	return spool.Record{Kind: spool.DeadLetter, Path: letters.Path(now), Data: data}, err == nil
}
