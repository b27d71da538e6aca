package spool

import (
	"cmp"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// stream is the records of one partition, which have gap-free numbers. Those
// before sealed are in objects, the others in the runs of spill files, then in
// memory.
type stream struct {
	id   uint64
	kind Kind
	path string
	// named: kind and path are known. They are not when the entry is damaged
	// that told them.
	named bool

	assigned uint64 // the number of the next record that arrives
	next     uint64 // the number behind the last one that is durable
	sealed   uint64

	missed  []hole // told
	spilled []place
	cached  []extent
	bytes   int64 // of cached
	shapes  int64 // how many cached has

	pending int // entries that name it and are not durable
	coming  []announced
	call    uint64 // the last one that brought records
	slot    int    // its run in that
	told    int    // entries that tell its path
	objects int    // objects that have not landed
	sealing bool   // an object is being sealed
	made    uint64 // the number of that
}

// extent is records in memory, which the journal has on disk.
type extent struct {
	first   uint64
	count   int
	at      int64
	segment uint64 // of the journal
	data    []byte
	block   *memory.Block // that has the data and is held for it, or nil
	shapes  []Shape       // of all records, or nil
	lenders int           // batches that were read of it, whose memory others count
}

func (e *extent) end() uint64 { return e.first + uint64(e.count) }

// extentOverhead is about what an extent takes beside its data.
const extentOverhead = 96

func (e *extent) charge() int64 {
	return int64(len(e.data)) + int64(len(e.shapes))*shapeSize + extentOverhead
}

const shapeSize = 8

// announced are the shapes of records that are on their way to the disk.
type announced struct {
	first  uint64
	shapes []Shape
}

// announce keeps the shapes of records until they are durable.
func (s *stream) announce(first uint64, shapes []Shape) {
	s.coming = append(s.coming, announced{first, shapes})
}

// arrived returns the shapes of records that are durable now, and forgets those of
// all before them.
func (s *stream) arrived(first uint64) []Shape {
	for len(s.coming) > 0 && s.coming[0].first <= first {
		a := s.coming[0]
		s.coming = s.coming[1:]
		if a.first == first {
			return a.shapes
		}
	}
	return nil
}

// place is where a spill file holds records.
type place struct {
	file           uint64
	offset, length int64 // of the frame
	stream, first  uint64
	count          int
	at             int64
}

func (p *place) end() uint64 { return p.first + uint64(p.count) }

// tellings is in how many entries a stream is named, so that one that is damaged
// does not leave it without a name until the next checkpoint.
const tellings = 2

// idle reports whether nothing about the stream is worth remembering.
func (s *stream) idle() bool {
	return s.sealed == s.next && s.next == s.assigned && s.pending == 0 && s.objects == 0 && !s.sealing
}

// since is when the oldest record that is not sealed arrived.
func (s *stream) since() int64 {
	switch {
	case len(s.spilled) > 0:
		return s.spilled[0].at
	case len(s.cached) > 0:
		return s.cached[0].at
	}
	return 0
}

// part is records of a stream that are in one place: in a spill file or in memory.
type part struct {
	first, end uint64
	place      place
	extent     *extent
}

// hold keeps the memory of the part from being used again.
func (p *part) hold() {
	if p.extent != nil {
		p.extent.block.Hold()
	}
}

func (p *part) release() {
	if p.extent != nil {
		p.extent.block.Release()
	}
}

// parts are all records that are not sealed, by number. Those of spill files come
// first, unless something was damaged.
func (s *stream) parts() []part {
	var all []part
	for _, p := range s.spilled {
		all = append(all, part{first: p.first, end: p.end(), place: p})
	}
	for i := range s.cached {
		e := s.cached[i] // a copy: what is in memory moves
		all = append(all, part{first: e.first, end: e.end(), extent: &e})
	}
	slices.SortStableFunc(all, func(a, b part) int { return cmp.Compare(a.first, b.first) })
	return all
}

// partsFrom are the parts with records from a number on.
func (s *stream) partsFrom(number uint64) []part {
	return slices.DeleteFunc(s.parts(), func(p part) bool { return p.end <= number })
}

// holes are the records that should be there and are not, without those of which
// that was told.
func (s *stream) holes() []hole {
	var found []hole
	at := s.sealed
	parts := append(s.parts(), part{first: s.next, end: s.next})
	for _, h := range s.missed {
		parts = append(parts, part{first: h.first, end: h.end})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.first, b.first) })
	for _, p := range parts {
		if p.first > at {
			found = append(found, hole{first: at, end: p.first})
		}
		at = max(at, p.end)
	}
	return found
}

// insert keeps places in the order of their records, which the entries that told
// of them may have been lost with.
func (s *stream) insert(p place) {
	i, _ := slices.BinarySearchFunc(s.spilled, p.first, func(q place, first uint64) int {
		return cmp.Compare(q.first, first)
	})
	s.spilled = slices.Insert(s.spilled, i, p)
	s.next, s.assigned = max(s.next, p.end()), max(s.assigned, p.end())
}

// held is about the bytes of the records that are not sealed. What memory takes beside
// them is no part of that: it is compared with the bytes that were encoded.
func (s *stream) held() int64 {
	n := s.bytes - int64(len(s.cached))*extentOverhead - s.shapes*(shapeSize+lengthSize)
	for i := range s.spilled {
		n += s.spilled[i].length
	}
	return n
}

// Stream is a partition with records that are not in an object yet.
type Stream struct {
	ID   uint64
	Kind Kind
	Path string
	// First is the number of the first of them.
	First uint64
	// Records is how many there are, of which those lost to damage count too.
	Records uint64
	// Bytes is about what they take.
	Bytes int64
	// Since is when the oldest of them arrived.
	Since time.Time
}

// behind is the outline of a stream of which all before a number is sealed.
func (s *stream) behind(number uint64) Stream {
	told := Stream{ID: s.id, Kind: s.kind, Path: s.path, First: number, Records: s.next - number}
	for i, p := range s.partsFrom(number) {
		at, bytes := p.place.at, p.place.length
		if e := p.extent; e != nil {
			at, bytes = e.at, int64(len(e.data)-len(e.shapes)*lengthSize)
		}
		if i == 0 {
			told.Since = time.UnixMilli(at).UTC()
		}
		if p.first < number { // the part of it that is left
			bytes = bytes * int64(p.end-number) / int64(p.end-p.first)
		}
		told.Bytes += bytes
	}
	return told
}

// outline is what is told of a stream.
func (s *stream) outline() Stream {
	return Stream{
		ID: s.id, Kind: s.kind, Path: s.path, First: s.sealed,
		Records: s.next - s.sealed, Bytes: s.held(), Since: time.UnixMilli(s.since()).UTC(),
	}
}
