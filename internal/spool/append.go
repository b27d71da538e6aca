package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
)

// Record is a record that is to be kept.
type Record struct {
	Kind Kind
	Path string
	Data []byte

	run int // in the entry that it is written to
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
	ticket, err := s.enqueue(records)
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
func (s *Spool) enqueue(records []Record) (*journal.Ticket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	return s.journal.Enqueue(s.number(append(frame.New(0), entryAppend), records)), nil
}

// number gives records their numbers, and appends them to an entry, sorted by
// stream.
func (s *Spool) number(entry []byte, records []Record) []byte {
	runs := s.runsOf(records)
	size := len(entry) + binary.MaxVarintLen64
	for i := range runs {
		size += maxHead + len(runs[i].path) + runs[i].size
	}
	entry = binary.AppendUvarint(slices.Grow(entry, size-len(entry)), uint64(len(runs)))
	for i := range runs {
		r := &runs[i]
		entry = binary.AppendUvarint(r.head(entry), uint64(r.size))
		r.data = entry[len(entry) : len(entry) : len(entry)+r.size]
		entry = entry[:len(entry)+r.size]
	}
	for i := range records {
		r := &runs[records[i].run]
		r.data = appendRecord(r.data, records[i].Data)
	}
	return entry
}

// newRun is a run that is laid out in an entry.
type newRun struct {
	run
	size int // of the data
}

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
		r.size += recordSize(rec.Data)
		r.count++
		t.assigned++
	}
	return runs
}

// recordSize is what appendRecord appends.
func recordSize(data []byte) int {
	n := 1
	for l := len(data); l >= 0x80; l >>= 7 {
		n++
	}
	return n + len(data)
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
	return s.state.cached > 2*s.opts.Memory
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
	if err := s.reserve.hold(); err != nil {
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
