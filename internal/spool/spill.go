package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// smallRun is what a run should have at least: to read many that are smaller back
// costs more than to keep them in memory.
const smallRun = 32 << 10

// spare is the part of memory that is made free at least, when it is full: a file for
// each few records that come costs more than a few large ones.
const spare = 8

// largeRun is from which size on a run is not continued: it is read as a whole, also
// by who needs a part of it.
const largeRun = 1 << 20

// relieve spills what memory has too much of, and what keeps old segments of the
// journal from being removed. What fails is tried again with the next records.
func (s *Spool) relieve(ctx context.Context) {
	if !s.spill.TryLock() {
		return // somebody does it
	}
	defer s.spill.Unlock()
	victims := s.victims()
	if len(victims) == 0 {
		return
	}
	defer release(victims)
	if err := s.write(ctx, victims); err != nil {
		if !errors.Is(err, ErrClosed) && ctx.Err() == nil { // else it is the caller who ends
			s.failed(fmt.Errorf("spilling records to %s: %w", s.dir, err))
		}
		return
	}
	s.trim()
}

// victims are the streams to spill: the largest, down to half of what memory may
// have, or to most of it where their runs are small, and all that hold an old segment
// of the journal back when it has too many.
func (s *Spool) victims() []victim {
	bound := s.journal.Bytes() > 2*s.opts.Memory+2*s.opts.SegmentSize
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held() <= s.opts.Memory && !bound {
		return nil
	}
	var all []*stream
	for _, t := range s.state.streams {
		if len(t.cached) > 0 && t.named {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *stream) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.id, b.id))
	})
	var chosen []*stream
	left, most := s.held(), s.opts.Memory-s.opts.Memory/spare
	old := s.journal.Newest()
	for _, t := range all {
		large := t.bytes >= smallRun || left > most
		if (left > s.opts.Memory/2 && large && s.held() > s.opts.Memory) || (bound && t.cached[0].segment < old) {
			chosen = append(chosen, t)
			left -= t.bytes
		}
	}
	slices.SortFunc(chosen, func(a, b *stream) int { return cmp.Compare(a.id, b.id) })
	var runs []victim
	for _, t := range chosen {
		runs = append(runs, t.runs()...)
	}
	return runs
}

// victim is a run that leaves memory.
type victim struct {
	run
	data   [][]byte
	blocks []*memory.Block // of the data, held
	size   int
}

func release(victims []victim) {
	for i := range victims {
		for _, b := range victims[i].blocks {
			b.Release()
		}
	}
}

// runs is what is in memory of a stream. Records that follow each other are one,
// unless it becomes too large.
func (t *stream) runs() []victim {
	var runs []victim
	for i := range t.cached {
		e := &t.cached[i]
		n := len(runs)
		if n == 0 || runs[n-1].end() != e.first || runs[n-1].size >= largeRun {
			runs = append(runs, victim{run: run{
				stream: t.id, named: true, kind: t.kind, path: t.path, first: e.first, at: e.at,
			}})
			n++
		}
		v := &runs[n-1]
		v.count += e.count
		v.size += len(e.data)
		v.data, v.blocks = append(v.data, e.data), append(v.blocks, e.block.Hold())
	}
	return runs
}

// write makes a spill file durable, and then the entry that says so.
func (s *Spool) write(ctx context.Context, runs []victim) error {
	s.mu.Lock()
	number := s.state.nextFile
	s.state.nextFile++
	s.mu.Unlock()
	path := s.path(spillDir, number)
	w, err := s.writeRuns(path, number, runs)
	if err != nil {
		_ = s.fs.Remove(path) // or at the next start
		return err
	}
	s.mu.Lock()
	s.spilling[number] = &spillFile{number: number, size: w.offset, places: w.places}
	ticket := s.journal.Enqueue(about(entrySpilled, number), nil)
	s.mu.Unlock()
	return s.settled(ticket.Wait(ctx))
}

func (s *Spool) writeRuns(path string, number uint64, runs []victim) (*spillWriter, error) {
	w, err := newSpillWriter(s.fs, path, number)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if err = w.add(&runs[i].run, runs[i].data); err != nil {
			break
		}
	}
	if err == nil {
		err = w.finish()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return nil, err
	}
	return w, s.fs.SyncDir(s.dirOf(spillDir))
}

// index is what a spill file holds, for the state: one that was just written, or
// one on disk.
func (s *Spool) index(number uint64) *spillFile {
	if f := s.spilling[number]; f != nil {
		delete(s.spilling, number)
		return f
	}
	f, err := s.readIndex(number)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.unread[number] = err
		return nil
	}
	return f
}

func (s *Spool) readIndex(number uint64) (*spillFile, error) {
	r, err := s.fs.Open(s.path(spillDir, number))
	if err != nil {
		return nil, err
	}
	f, err := readIndex(r, number)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("reading what %s holds: %w", s.path(spillDir, number), err)
	}
	return f, nil
}
