package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// Range is records of a stream, from First up to but without End. Some of them
// may have been lost to damage.
type Range struct {
	Stream     uint64
	First, End uint64
}

// Batch is the next records of a stream.
type Batch struct {
	Range
	Records [][]byte
	// Hints are those of their shapes, 0 for none.
	Hints []uint32
	// Ends has the number behind each record, which is where a range ends that
	// takes all up to it.
	Ends []uint64

	blocks []*memory.Block // of the records, held
	firsts []uint64        // of the extents in memory that the records are from
	lender *Spool          // which does not count those, or nil
	read   int             // how many there were before some were left to the next object
}

// batches are those that were released, for the room in them.
var batches = sync.Pool{New: func() any { return new(Batch) }} // of *Batch

// Reusable reports whether a list with room for so many records had better be used
// again, of which so many were needed: one of a large object would be kept for small
// ones else.
func Reusable(room, needed int) bool { return room <= max(1<<14, 4*needed) }

// Release lets the memory of the records be used again. Nothing of them may be read
// afterwards. A batch that is not released is left to the garbage collector.
func (b *Batch) Release() {
	for _, block := range b.blocks {
		block.Release()
	}
	if b.lender != nil {
		b.lender.lend(b, -1)
	}
	if used := max(b.read, len(b.Records)); Reusable(cap(b.Records), used) {
		clear(b.blocks)
		clear(b.Records[:used])
		batches.Put(&Batch{Records: b.Records[:0], Hints: b.Hints[:0], Ends: b.Ends[:0], blocks: b.blocks[:0], firsts: b.firsts[:0]})
	}
	*b = Batch{Range: b.Range}
}

// Lend leaves the memory of records that are read to who counts it with what makes an
// object of them, until the batch is released: there is room for others then.
func (s *Spool) Lend(b *Batch) {
	b.lender = s
	s.lend(b, 1)
}

// lend counts one more batch of the extents that it was read of, or one less. What has
// left memory meanwhile counts no more.
func (s *Spool) lend(b *Batch, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.state.streams[b.Stream]
	if t == nil {
		return
	}
	for _, first := range b.firsts {
		i, is := slices.BinarySearchFunc(t.cached, first, func(e extent, first uint64) int { return cmp.Compare(e.first, first) })
		if is {
			s.state.lend(&t.cached[i], more)
		}
	}
}

// held is what counts against the memory of the spool. The caller holds the lock.
func (s *Spool) held() int64 { return s.state.cached - s.state.lent }

// Streams are those with records that are not sealed, in the order of their
// numbers.
func (s *Spool) Streams() []Stream {
	var all []Stream
	s.Each(func(t Stream) { all = append(all, t) })
	slices.SortFunc(all, func(a, b Stream) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Each calls do for each stream with records that are not sealed, in no order. It
// must not call the spool.
func (s *Spool) Each(do func(t Stream)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.state.streams {
		if t.next > t.sealed {
			do(t.outline())
		}
	}
}

// Stream is the stream of that number, if it has records that are not sealed.
func (s *Spool) Stream(id uint64) (Stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.state.streams[id]
	if t == nil || t.next == t.sealed {
		return Stream{}, false
	}
	return t.outline(), true
}

// Pressed reports whether memory would have to be relieved of records if so many
// bytes came, and most of what it holds is of these streams.
func (s *Spool) Pressed(more int64, streams []uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held()+more <= s.opts.Memory {
		return false
	}
	theirs := int64(0)
	for _, id := range streams {
		if t := s.state.streams[id]; t != nil {
			theirs += t.bytes
		}
	}
	return 2*theirs > s.state.cached
}

// Behind is a stream as it will be once all before a number is sealed, if it has
// records then.
func (s *Spool) Behind(id, number uint64) (Stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.state.streams[id]
	if t == nil || t.next <= max(number, t.sealed) {
		return Stream{}, false
	}
	return t.behind(max(number, t.sealed)), true
}

// Read returns records of a stream that are not sealed, from a number on, up to about
// so many bytes, and so many records at most (0: any number). A record that cannot be
// read is passed over and told to Options.Lost.
func (s *Spool) Read(id, from uint64, limit int64, most int) (Batch, error) {
	s.mu.Lock()
	t := s.state.streams[id]
	if t == nil {
		s.mu.Unlock()
		return Batch{}, ErrUnknown
	}
	b := *batches.Get().(*Batch)
	from = max(from, t.sealed)
	b.Range = Range{Stream: id, First: from, End: from}
	parts, next := t.partsFrom(from), max(t.next, from)
	lost := Loss{Kind: t.kind, Path: t.path}
	for i := range parts {
		parts[i].hold()
	}
	s.mu.Unlock()
	taken := 0
	defer func() {
		for i := range parts[taken:] {
			parts[taken+i].release()
		}
	}()

	size := int64(0)
	for i := range parts {
		p := &parts[i]
		if size >= limit || most > 0 && len(b.Records) >= most {
			b.readUpTo(most)
			return b, nil
		}
		taken++
		if p.extent != nil {
			b.blocks = append(b.blocks, p.extent.block)
			b.firsts = append(b.firsts, p.extent.first)
			size += b.take(p.first, p.extent.count, p.extent.data, p.extent.shapes)
			continue
		}
		r, block, err := s.readPlace(&p.place)
		if errors.Is(err, errNotWhole) {
			s.miss(t, p.place, lost)
			continue
		}
		if err != nil {
			b.Release()
			return Batch{}, fmt.Errorf("reading records of %s from the spool: %w", lost.Path, err)
		}
		b.blocks = append(b.blocks, block)
		size += b.take(r.first, r.count, r.data, nil)
	}
	b.End = next // behind what is lost at the end, too
	if n := len(b.Ends); n > 0 {
		b.Ends[n-1] = next
	}
	b.readUpTo(most)
	return b, nil
}

// readUpTo ends the reading of a batch that is to have so many records at most.
func (b *Batch) readUpTo(most int) {
	b.read = len(b.Records)
	if most > 0 && len(b.Records) > most {
		b.UpTo(most)
	}
}

// UpTo leaves the records beyond the first n to the next batch.
func (b *Batch) UpTo(n int) {
	b.Records, b.Hints, b.Ends, b.End = b.Records[:n], b.Hints[:n], b.Ends[:n], b.Ends[n-1]
}

// take adds the records of a run that are not sealed. Where their shapes are known
// nothing of them is read, which would have to come from memory for that alone.
func (b *Batch) take(first uint64, count int, data []byte, shapes []Shape) (size int64) {
	c := frame.Cursor{Rest: data}
	b.grow(count)
	for i := range count {
		n := first + uint64(i)
		var rec []byte
		hint := uint32(0)
		if shapes != nil {
			c.Fixed(lengthSize)
			rec, hint = c.Fixed(int(shapes[i].Size)), shapes[i].Hint
		} else {
			rec = c.Bytes()
		}
		if c.Bad {
			break // its checksum was right: what wrote it counts as this does
		}
		if n < b.End {
			continue
		}
		b.Records = append(b.Records, rec)
		b.Hints = append(b.Hints, hint)
		b.End = n + 1
		b.Ends = append(b.Ends, b.End)
		size += int64(len(rec))
	}
	return size
}

// grow makes room for records.
func (b *Batch) grow(count int) {
	b.Records = slices.Grow(b.Records, count)
	b.Hints = slices.Grow(b.Hints, count)
	b.Ends = slices.Grow(b.Ends, count)
}

func (s *Spool) readPlace(p *place) (run, *memory.Block, error) {
	return s.readers.read(s.path(spillDir, p.file), p)
}

// miss gives up a run of a spill file that is damaged.
func (s *Spool) miss(t *stream, p place, lost Loss) {
	path := s.path(spillDir, p.file)
	s.keepAside(path, p.offset, p.length)
	s.mu.Lock()
	at := slices.Index(t.spilled, p)
	if at >= 0 {
		t.spilled = slices.Delete(t.spilled, at, at+1)
		s.state.release(p)
	}
	s.mu.Unlock()
	if at < 0 {
		return // known
	}
	s.forget(context.Background())
	lost.First, lost.End, lost.File = p.first, p.end(), path
	lost.Reason = "the disk gave back other bytes than were written: " + aside
	s.opts.Lost(lost)
}
