package spool

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
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
	// Ends has the number behind each record, which is where a range ends that
	// takes all up to it.
	Ends []uint64
}

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
			do(Stream{
				ID: t.id, Kind: t.kind, Path: t.path,
				Records: t.next - t.sealed, Bytes: t.held(), Since: time.UnixMilli(t.since()).UTC(),
			})
		}
	}
}

// Read returns the next records of a stream that are not sealed, up to about so
// many bytes, and so many records at most (0: any number). A record that cannot be
// read is passed over and told to Options.Lost.
func (s *Spool) Read(id uint64, limit int64, most int) (Batch, error) {
	s.mu.Lock()
	t := s.state.streams[id]
	if t == nil {
		s.mu.Unlock()
		return Batch{}, ErrUnknown
	}
	b := Batch{Range: Range{Stream: id, First: t.sealed, End: t.sealed}}
	parts, next := t.parts(), t.next
	lost := Loss{Kind: t.kind, Path: t.path}
	s.mu.Unlock()

	size := int64(0)
	for i := range parts {
		p := &parts[i]
		if size >= limit || most > 0 && len(b.Records) >= most {
			return b.upTo(most), nil
		}
		if p.extent != nil {
			size += b.take(p.first, p.extent.count, p.extent.data)
			continue
		}
		r, err := s.readPlace(&p.place)
		if errors.Is(err, errNotWhole) {
			s.miss(t, p.place, lost)
			continue
		}
		if err != nil {
			return Batch{}, fmt.Errorf("reading records of %s from the spool: %w", lost.Path, err)
		}
		size += b.take(r.first, r.count, r.data)
	}
	b.End = next // behind what is lost at the end, too
	if n := len(b.Ends); n > 0 {
		b.Ends[n-1] = next
	}
	return b.upTo(most), nil
}

// upTo drops the records beyond a number of them.
func (b Batch) upTo(most int) Batch {
	if most > 0 && len(b.Records) > most {
		b.Records, b.Ends, b.End = b.Records[:most], b.Ends[:most], b.Ends[most-1]
	}
	return b
}

// take adds the records of a run that are not sealed.
func (b *Batch) take(first uint64, count int, data []byte) (size int64) {
	all, ok := records(data, count)
	if !ok {
		return 0 // its checksum was right: what wrote it counts as this does
	}
	for i, rec := range all {
		n := first + uint64(i)
		if n < b.End {
			continue
		}
		b.Records = append(b.Records, rec)
		b.End = n + 1
		b.Ends = append(b.Ends, b.End)
		size += int64(len(rec))
	}
	return size
}

func (s *Spool) readPlace(p *place) (run, error) {
	f, err := s.fs.Open(s.path(spillDir, p.file))
	if err != nil {
		return run{}, err
	}
	r, err := readRun(f, p)
	return r, errors.Join(err, f.Close())
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
	lost.First, lost.End, lost.File = p.first, p.end(), path
	lost.Reason = "the disk gave back other bytes than were written: " + aside
	s.opts.Lost(lost)
}
