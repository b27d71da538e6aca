package spool

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/spool/journal"
)

// Record is a record that is to be kept.
type Record struct {
	Kind Kind
	Path string
	Data []byte
}

// Append returns when the records are durable. It waits while the spool is full.
// When ctx ends first, nobody knows: they may be durable, and be in an object.
func (s *Spool) Append(ctx context.Context, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	size := int64(0)
	for i := range records {
		size += int64(len(records[i].Data))
	}
	if err := s.wait(ctx, size); err != nil {
		return fmt.Errorf("waiting for room in the spool: %w", err)
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
	return s.journal.Enqueue(appendRuns([]byte{entryAppend}, s.number(records))), nil
}

// number sorts records by stream and gives them their numbers.
func (s *Spool) number(records []Record) []run {
	var runs []run
	of := map[*stream]int{}
	now := s.opts.Now().UnixMilli()
	for i := range records {
		rec := &records[i]
		t := s.named(rec.Kind, rec.Path)
		at, known := of[t]
		if !known {
			at = len(runs)
			of[t] = at
			r := run{stream: t.id, first: t.assigned, at: now}
			if t.told < tellings {
				t.told++
				r.named, r.kind, r.path = true, t.kind, t.path
			}
			t.pending++
			runs = append(runs, r)
		}
		runs[at].data = appendRecord(runs[at].data, rec.Data)
		runs[at].count++
		t.assigned++
	}
	return runs
}

// named returns the stream of that name, which is made when it is new.
func (s *Spool) named(kind Kind, path string) *stream {
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
		if s.reserve.whole() && !s.crowded() {
			select { // until something lands
			case <-room:
			case <-ctx.Done():
			}
			continue
		}
		if err := s.opts.Pause(ctx, n); err != nil {
			return err
		}
	}
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
	st := s.Stats()
	// What is in memory is written once more before its journal is removed.
	used := st.Journal + st.Spill + st.Outbox + st.Cached
	return used+size <= s.opts.MaxSize-s.reserve.size || st.Streams+st.Objects == 0
}
