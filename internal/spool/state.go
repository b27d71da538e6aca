package spool

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// state is what the entries of the journal make up. It is changed only by
// entries that are durable, in their order, and in the same way when they are
// written as when they are read again; but for the numbers that are given away
// before that.
type state struct {
	streams map[uint64]*stream
	byPath  map[name]*stream
	files   map[uint64]*spillFile
	objects map[uint64]*object
	// landed are objects whose files are to be removed.
	landed map[uint64]*object
	// inSegment counts the extents in memory that a segment of the journal has
	// on disk.
	inSegment map[uint64]int
	// marks are those of the records that came last.
	marks *redelivery.Memory
	// cached and spillBytes are the bytes in memory and in spill files, and lent is the
	// part of cached that others count: see Lend.
	cached, spillBytes, lent int64

	nextStream, nextObject, nextFile uint64

	// entry is the length of the memory that the entry is part of which is being
	// applied, and block that memory, nil for that of the garbage collector.
	entry int
	block *memory.Block

	// index returns what a spill file holds; nil when it cannot be read.
	index func(file uint64) *spillFile
}

type name struct {
	kind Kind
	path string
}

// spillFile is a file with runs, most often of many streams.
type spillFile struct {
	number uint64
	size   int64
	places []place
	live   int // places that hold records which are not sealed
}

// object is an entry of the outbox.
type object struct {
	number, stream, first, end uint64
	size, at                   int64
	intent                     []byte // nil: as its file says
}

// landed is the entry that says that the object is stored.
func (o *object) landed() []byte {
	return binary.AppendUvarint(about(entryLanded, o.number, binary.AppendUvarint(nil, o.stream)...), o.end)
}

func newState() *state {
	return &state{
		streams: map[uint64]*stream{}, byPath: map[name]*stream{},
		files: map[uint64]*spillFile{}, objects: map[uint64]*object{}, landed: map[uint64]*object{},
		inSegment:  map[uint64]int{},
		marks:      redelivery.NewMemory(defaultRemember),
		nextStream: 1, nextObject: 1, nextFile: 1,
	}
}

// apply changes the state by an entry, and reports whether it could be read.
func (s *state) apply(segment uint64, payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	c := &frame.Cursor{Rest: payload[1:]}
	switch payload[0] {
	case entryCheckpoint:
		if p := parseCheckpoint(c); !c.Bad {
			s.restore(&p)
			s.marks.Clear()
			s.marks.Read(c)
		}
	case entryAppend:
		if runs := parseRuns(c); !c.Bad && s.append(segment, runs) {
			s.marks.Read(c)
		}
	case entrySpilled:
		if n := c.Uint(); !c.Bad {
			s.spilled(n)
		}
	case entrySealed:
		if e := parseSealed(c); !c.Bad {
			s.seal(segment, &e)
		}
	case entryRekeyed:
		if o := s.objects[c.Uint()]; o != nil {
			o.intent = slices.Clone(c.Bytes())
		}
	case entryLanded:
		if n, id, end := c.Uint(), c.Uint(), c.Uint(); !c.Bad {
			s.land(n)
			if t := s.streams[id]; t != nil {
				s.advance(t, end) // should the entry of the seal be damaged
			}
		}
	case entryMissed:
		if t, holes := s.streams[c.Uint()], parseHoles(c); t != nil && !c.Bad {
			t.missed = append(t.missed, holes...)
		}
	case entryForgotten:
		s.marks.Clear()
	default:
		return false
	}
	return !c.Bad
}

// stream returns the stream of that number, which is made when it is new.
func (s *state) stream(id uint64) *stream {
	t := s.streams[id]
	if t == nil {
		t = &stream{id: id}
		s.streams[id] = t
		s.nextStream = max(s.nextStream, id+1)
	}
	return t
}

// name tells a stream what it is called.
func (s *state) name(t *stream, kind Kind, path string) {
	if !t.named {
		t.kind, t.path, t.named = kind, path, true
		s.byPath[name{kind, path}] = t
	}
}

// append reports whether it is the first time that these records come.
func (s *state) append(segment uint64, runs []run) (fresh bool) {
	for i := range runs {
		r := &runs[i]
		t := s.stream(r.stream)
		t.pending = max(t.pending-1, 0)
		if r.named {
			s.name(t, r.kind, r.path)
		}
		if r.first < t.next {
			continue // known from a segment that does not count any more
		}
		fresh = true
		t.next = r.end()
		t.assigned = max(t.assigned, t.next)
		if t.next <= t.sealed {
			continue
		}
		e := extent{first: r.first, count: r.count, at: r.at, segment: segment, shapes: t.arrived(r.first)}
		e.data, e.block = s.keep(r.data)
		t.cached = append(t.cached, e)
		s.charge(t, &e, 1)
	}
	return fresh
}

func (s *state) keepFile(f *spillFile) {
	s.files[f.number] = f
	s.spillBytes += f.size
}

func (s *state) dropFile(number uint64) {
	s.spillBytes -= s.files[number].size
	delete(s.files, number)
}

// spilled takes the runs of a file for what they replace in memory.
func (s *state) spilled(number uint64) {
	s.nextFile = max(s.nextFile, number+1)
	if s.files[number] != nil {
		return
	}
	f := s.index(number)
	if f == nil {
		return // what it held is missed when all is read, if it is still needed
	}
	s.keepFile(f)
	for _, p := range f.places {
		if t := s.streams[p.stream]; t != nil && p.end() > t.sealed {
			f.live++
			t.insert(p)
			s.uncache(t, p.end())
		}
	}
}

func (s *state) seal(segment uint64, e *sealed) {
	t := s.stream(e.stream)
	if e.number != 0 && s.objects[e.number] == nil && s.landed[e.number] == nil {
		s.nextObject = max(s.nextObject, e.number+1)
		s.objects[e.number] = &object{number: e.number, stream: e.stream, first: e.first, end: e.end, size: e.size, at: e.at}
		t.objects++
	}
	s.advance(t, e.end)
	s.append(segment, e.letters)
}

// advance notes that the records before a number are sealed.
func (s *state) advance(t *stream, end uint64) {
	t.sealed = max(t.sealed, end)
	t.next, t.assigned = max(t.next, end), max(t.assigned, end)
	s.uncache(t, t.sealed)
	n := 0
	for n < len(t.spilled) && t.spilled[n].end() <= t.sealed {
		s.release(t.spilled[n])
		n++
	}
	t.spilled = t.spilled[n:]
	t.missed = slices.DeleteFunc(t.missed, func(h hole) bool { return h.end <= t.sealed })
}

// release notes that a place is not needed any more.
func (s *state) release(p place) {
	if f := s.files[p.file]; f != nil {
		f.live--
	}
}

func (s *state) land(number uint64) {
	o := s.objects[number]
	if o == nil {
		return
	}
	delete(s.objects, number)
	s.landed[number] = o
	if t := s.streams[o.stream]; t != nil {
		t.objects--
	}
}

// checkpoint forgets what is not worth remembering and tells the rest.
func (s *state) checkpoint() []byte {
	p := checkpoint{nextStream: s.nextStream, nextObject: s.nextObject, nextFile: s.nextFile}
	for _, id := range slices.Sorted(maps.Keys(s.streams)) {
		t := s.streams[id]
		switch {
		case t.idle():
			s.forget(t)
		case t.named && (t.next > 0 || t.objects > 0):
			p.streams = append(p.streams, streamPoint{id: id, kind: t.kind, path: t.path, next: t.next, sealed: t.sealed, missed: t.missed})
		}
	}
	p.files = slices.Sorted(maps.Keys(s.files))
	for _, n := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[n]
		p.objects = append(p.objects, objectPoint{
			number: n, stream: o.stream, first: o.first, end: o.end, size: o.size, at: o.at, intent: o.intent,
		})
	}
	return s.marks.Append(p.append(nil))
}

// forget drops a stream with all that it holds.
func (s *state) forget(t *stream) {
	s.uncache(t, ^uint64(0))
	for _, p := range t.spilled {
		s.release(p)
	}
	delete(s.streams, t.id)
	if n := (name{t.kind, t.path}); s.byPath[n] == t {
		delete(s.byPath, n)
	}
}

// restore makes the state that of a checkpoint. What was read before it agrees
// with it unless something is damaged: then the checkpoint is right.
func (s *state) restore(p *checkpoint) {
	s.nextStream = max(s.nextStream, p.nextStream)
	s.nextObject = max(s.nextObject, p.nextObject)
	s.nextFile = max(s.nextFile, p.nextFile)
	known := map[uint64]bool{}
	for _, q := range p.streams {
		known[q.id] = true
		t := s.stream(q.id)
		s.name(t, q.kind, q.path)
		t.next, t.assigned = max(t.next, q.next), max(t.assigned, q.next)
		t.missed = q.missed
		s.advance(t, q.sealed)
	}
	for _, t := range s.streams {
		if !known[t.id] {
			s.forget(t)
		}
	}
	listed := map[uint64]bool{}
	for _, n := range p.files {
		listed[n] = true
		s.spilled(n)
	}
	for n := range s.files {
		if !listed[n] {
			s.dropFile(n) // nothing in it is needed
		}
	}
	s.restoreObjects(p)
}

func (s *state) restoreObjects(p *checkpoint) {
	listed := map[uint64]bool{}
	for _, q := range p.objects {
		listed[q.number] = true
		o := &object{number: q.number, stream: q.stream, first: q.first, end: q.end, size: q.size, at: q.at}
		if len(q.intent) > 0 {
			o.intent = slices.Clone(q.intent)
		}
		if s.objects[q.number] == nil {
			s.stream(q.stream).objects++
		}
		s.objects[q.number] = o
		delete(s.landed, q.number)
	}
	for n := range s.objects {
		if !listed[n] {
			s.land(n)
		}
	}
}
