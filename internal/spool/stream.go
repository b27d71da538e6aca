package spool

import (
	"cmp"
	"slices"
	"time"
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

	pending int    // entries that name it and are not durable
	call    uint64 // the last one that brought records
	slot    int    // its run in that
	told    int    // entries that tell its path
	objects int    // objects that have not landed
	sealing bool   // an object is being sealed
}

// extent is records in memory, which the journal has on disk.
type extent struct {
	first   uint64
	count   int
	at      int64
	segment uint64 // of the journal
	data    []byte
}

func (e *extent) end() uint64 { return e.first + uint64(e.count) }

// extentOverhead is about what an extent takes beside its data.
const extentOverhead = 96

func (e *extent) charge() int64 { return int64(len(e.data)) + extentOverhead }

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

// held is about the bytes of the records that are not sealed.
func (s *stream) held() int64 {
	n := s.bytes - int64(len(s.cached))*extentOverhead
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
	// Records is how many there are, of which those lost to damage count too.
	Records uint64
	// Bytes is about what they take.
	Bytes int64
	// Since is when the oldest of them arrived.
	Since time.Time
}
