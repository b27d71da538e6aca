package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// Record is a record that is to be kept, or several that belong together.
type Record struct {
	Kind Kind
	Path string
	// Data is the record where Count is 0, and otherwise so many of them, each
	// between Begin and End.
	Data  []byte
	Count int
	// Shapes are those of the records between Begin and End, in their order, so that
	// they can be read without a look at their bytes. They may be nil.
	Shapes []Shape
	// Room is how many bytes Data has before these records, with Headroom in its
	// memory for what an entry of the journal begins with. Such memory belongs to
	// the spool from now on, and need not be copied.
	Room int
	// Block is the memory of Data where there is room; nil for that of the garbage
	// collector. The spool holds it as long as it needs it.
	Block *memory.Block

	run int // in the entry that it is written to
}

// Shape is what is known of a record as long as it is in memory.
type Shape struct {
	// Size is how many bytes it has, between Begin and End.
	Size uint32
	// Hint is for whoever reads it.
	Hint uint32
}

// Headroom is enough for all that comes before records in an entry of the journal,
// unless their path is longer than a key of S3.
const Headroom = frame.Overhead + 2*binary.MaxVarintLen64 + maxHead + 1024

// lengthSize is how many bytes the length of a record takes that is not known when
// it is begun.
const lengthSize = 5

// Begin begins a record behind others of the same Data.
func Begin(data []byte) []byte { return append(data, make([]byte, lengthSize)...) }

// End ends the record that was appended to what Begin returned for the first bytes
// of data. It returns its size.
func End(data []byte, before int) (size uint32) {
	size = uint32(len(data) - before - lengthSize)
	n := size
	for i := range lengthSize {
		data[before+i] = byte(n) | 0x80 // a varint may be longer than it has to be
		n >>= 7
	}
	data[before+lengthSize-1] &^= 0x80
	return size
}

// size and count are those of what append appends to a run.
func (r *Record) size() (size, count int) {
	if r.Count > 0 {
		return len(r.Data) - r.Room, r.Count
	}
	n := 1
	for l := len(r.Data); l >= 0x80; l >>= 7 {
		n++
	}
	return n + len(r.Data), 1
}

// behind returns an entry that goes on with the record, in the memory of the record
// if that has room for it.
func (r *Record) behind(entry []byte) []byte {
	if r.Room < len(entry) {
		return r.append(entry)
	}
	from := r.Room - len(entry)
	copy(r.Data[from:], entry)
	return r.Data[from:]
}

func (r *Record) append(dst []byte) []byte {
	if r.Count > 0 {
		return append(dst, r.Data[r.Room:]...)
	}
	return appendRecord(dst, r.Data)
}

// Room returns when there is room for so many bytes of records.
func (s *Spool) Room(ctx context.Context, size int64) error {
	if err := s.wait(ctx, size); err != nil {
		return fmt.Errorf("waiting for room in the spool: %w", err)
	}
	return nil
}

// Append returns when the records are durable. It waits while the spool is full.
// The slice is its own until then. When ctx ends first, nobody knows: they may be durable, and be in an object.
func (s *Spool) Append(ctx context.Context, records []Record) error {
	return s.AppendMarked(ctx, records, nil)
}

// Recall are the marks of the records that were durable when the spool was opened:
// an input that did not hear of it delivers them again.
func (s *Spool) Recall() *redelivery.Recall { return s.recall }

// AppendMarked is Append for records that are to be recognised after a crash. Their
// marks become durable with them. They may be nil.
func (s *Spool) AppendMarked(ctx context.Context, records []Record, marks *redelivery.Memory) error {
	if len(records) == 0 {
		return nil
	}
	size := int64(0)
	for i := range records {
		size += int64(len(records[i].Data))
	}
	if err := s.Room(ctx, size); err != nil {
		return err
	}
	ticket, err := s.enqueue(records, marks)
	if err != nil {
		return err
	}
	err = ticket.Wait(ctx)
	if errors.Is(err, journal.ErrClosed) {
		err = ErrClosed
	}
	if err != nil {
		return fmt.Errorf("writing %d records to the spool: %w", len(records), err)
	}
	s.relieve(ctx)
	return nil
}

// enqueue gives records their numbers.
func (s *Spool) enqueue(records []Record, marks *redelivery.Memory) (*journal.Ticket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	entry, block := s.number(append(frame.New(0), entryAppend), records, marks.Room())
	entry = marks.Append(entry)
	if !block.Has(entry) { // it had no room
		block.Release()
		block = nil
	}
	return s.journal.Enqueue(entry, block), nil
}

// largeRecord is from which size on the memory for an entry is worth more when it is
// not filled with zeros first.
const largeRecord = 64 << 10

// number gives records their numbers, and appends them to an entry, sorted by
// stream, with room for more behind them. It returns the entry with the block that it
// is in, for who writes it; nil for none.
func (s *Spool) number(entry []byte, records []Record, more int) ([]byte, *memory.Block) {
	runs := s.runsOf(records)
	if len(records) == 1 && (records[0].Room > 0 || len(records[0].Data) >= largeRecord) {
		entry = runs[0].head(binary.AppendUvarint(entry, 1))
		return records[0].behind(binary.AppendUvarint(entry, uint64(runs[0].size))), records[0].Block.Hold()
	}
	size := len(entry) + binary.MaxVarintLen64 + more
	for i := range runs {
		size += maxHead + len(runs[i].path) + runs[i].size
	}
	block := memory.Get(size)
	entry = binary.AppendUvarint(append(block.Bytes()[:0], entry...), uint64(len(runs)))
	for i := range runs {
		r := &runs[i]
		entry = binary.AppendUvarint(r.head(entry), uint64(r.size))
		r.data = entry[len(entry) : len(entry) : len(entry)+r.size]
		entry = entry[:len(entry)+r.size]
	}
	for i := range records {
		r := &runs[records[i].run]
		r.data = records[i].append(r.data)
	}
	return entry, block
}

// newRun is a run that is laid out in an entry.
type newRun struct {
	run
	size   int // of the data
	shapes []Shape
}

// fewShapes are not worth memory of their own.
const fewShapes = 4

// runsOf notes the run of each record.
func (s *Spool) runsOf(records []Record) []newRun {
	var runs []newRun
	s.calls++
	now := s.opts.Now().UnixMilli()
	for i := range records {
		rec := &records[i]
		t := s.named(rec.Kind, rec.Path)
		if t.call != s.calls {
			t.call, t.slot = s.calls, len(runs)
			r := newRun{run: run{stream: t.id, first: t.assigned, at: now}}
			if t.told < tellings {
				t.told++
				r.named, r.kind, r.path = true, t.kind, t.path
			}
			t.pending++
			runs = append(runs, r)
		}
		rec.run = t.slot
		r := &runs[t.slot]
		size, count := rec.size()
		if count >= fewShapes && len(rec.Shapes) == count {
			r.shapes = append(r.shapes, rec.Shapes...)
		}
		r.size += size
		r.count += count
		t.assigned += uint64(count)
	}
	for i := range runs {
		if r := &runs[i]; len(r.shapes) == r.count { // of all of its records
			s.state.streams[r.stream].announce(r.first, r.shapes)
		}
	}
	return runs
}

// named returns the stream of that name, which is made when it is new.
func (s *Spool) named(kind Kind, path string) *stream {
	if t := s.recent; t != nil && t.kind == kind && t.path == path && s.state.streams[t.id] == t {
		return t
	}
	s.recent = s.find(kind, path)
	return s.recent
}

func (s *Spool) find(kind Kind, path string) *stream {
	if t := s.state.byPath[name{kind, path}]; t != nil {
		return t
	}
	t := s.state.stream(s.state.nextStream)
	s.state.name(t, kind, path)
	return t
}

// wait returns when there is room for so many bytes.
func (s *Spool) wait(ctx context.Context, size int64) error {
	for n := 1; ; n++ {
		s.mu.Lock()
		room, closed := s.room, s.closed
		s.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if s.fits(ctx, size) {
			return nil
		}
		if err := s.rest(ctx, room, n); err != nil {
			return err
		}
	}
}

// rest returns when it is worth while to look for room again.
func (s *Spool) rest(ctx context.Context, room <-chan struct{}, n int) error {
	s.mu.Lock()
	s.calling++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.calling--
		s.mu.Unlock()
	}()
	if !s.reserve.whole() || s.crowded() {
		return s.opts.Pause(ctx, n)
	}
	select { // until something lands
	case <-room:
	case <-ctx.Done():
	}
	return nil
}

// crowded reports whether memory holds more than it should because nothing could
// be spilled.
func (s *Spool) crowded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held() > 2*s.opts.Memory
}

// fits reports whether there is room for so many bytes, and tries to make some. A
// spool that is empty takes anything.
func (s *Spool) fits(ctx context.Context, size int64) bool {
	if s.crowded() {
		s.relieve(ctx)
		if s.crowded() {
			return false
		}
	}
	if err := s.reserve.hold(); errors.Is(err, errWanted) {
		return false // it has been told that the disk is full
	} else if err != nil {
		s.opts.Failed(fmt.Errorf("keeping a reserve of %d bytes in %s: %w", s.reserve.size, s.dir, err))
		return false
	}
	used := s.journal.Bytes()
	s.mu.Lock()
	defer s.mu.Unlock()
	// What is in memory is written once more before its journal is removed.
	used += s.state.spillBytes + s.outbox + s.state.cached
	empty := s.state.cached == 0 && len(s.state.files) == 0 && len(s.state.objects) == 0
	return used+size <= s.opts.MaxSize-s.reserve.size || empty
}
