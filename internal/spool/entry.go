package spool

import (
	"encoding/binary"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Kind tells streams apart that may have the same path.
type Kind uint8

// The kinds of streams.
const (
	Data Kind = iota
	DeadLetter
)

// The entries of the journal, by their first byte.
const (
	entryCheckpoint byte = iota + 1
	entryAppend
	entrySpilled
	entrySealed
	entryRekeyed
	entryLanded
	entryMissed
	entryForgotten
)

// run is records of a stream that follow each other.
type run struct {
	stream uint64
	// named: kind and path of the stream are told, too.
	named bool
	kind  Kind
	path  string
	first uint64
	count int
	at    int64 // when the first arrived, in Unix milliseconds
	data  []byte
}

func (r *run) end() uint64 { return r.first + uint64(r.count) }

// head is all of a run but its data.
func (r *run) head(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, r.stream)
	if r.named {
		dst = append(dst, 1, byte(r.kind))
		dst = frame.AppendBytes(dst, r.path)
	} else {
		dst = append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, r.first)
	dst = binary.AppendUvarint(dst, uint64(r.count))
	return binary.AppendVarint(dst, r.at)
}

func (r *run) append(dst []byte) []byte { return frame.AppendBytes(r.head(dst), r.data) }

// maxHead bounds the length of a head without the path, and of the lengths of
// path and data.
const maxHead = 7 * binary.MaxVarintLen64

func parseRun(c *frame.Cursor) run {
	r := run{stream: c.Uint()}
	if r.named = c.Uint() == 1; r.named {
		r.kind = parseKind(c)
		r.path = string(c.Bytes())
	}
	r.first = c.Uint()
	r.count = int(c.Uint())
	r.at = c.Int()
	r.data = c.Bytes()
	if r.count < 0 || r.count > len(r.data) { // each record takes a byte at least
		c.Bad = true
	}
	return r
}

func parseKind(c *frame.Cursor) Kind {
	k := c.Uint()
	if k > uint64(DeadLetter) {
		c.Bad = true
	}
	return Kind(k)
}

func appendRuns(dst []byte, runs []run) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(runs)))
	for i := range runs {
		dst = runs[i].append(dst)
	}
	return dst
}

func parseRuns(c *frame.Cursor) []run {
	var runs []run
	for range c.Count() {
		runs = append(runs, parseRun(c))
		if c.Bad {
			return nil
		}
	}
	return runs
}

// appendRecord appends a record to the data of a run.
func appendRecord(dst, record []byte) []byte { return frame.AppendBytes(dst, record) }

// records are the records of a run, as parts of its data.
func records(data []byte, count int) [][]byte {
	c := frame.Cursor{Rest: data}
	all := make([][]byte, 0, min(count, len(data)))
	for range count {
		r := c.Bytes()
		if c.Bad {
			return nil
		}
		all = append(all, r)
	}
	return all
}

// sealed is the entry by which records of a stream become an object, which has
// the number 0 when none of them is stored. The letters are what is said of those
// that are not.
type sealed struct {
	number, stream, first, end uint64
	size                       int64
	at                         int64 // when the first record arrived
	letters                    []run
}

// head is all of it but the letters.
func (s *sealed) head(dst []byte) []byte {
	dst = append(dst, entrySealed)
	for _, v := range []uint64{s.number, s.stream, s.first, s.end, uint64(s.size), uint64(s.at)} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func parseSealed(c *frame.Cursor) sealed {
	s := sealed{number: c.Uint(), stream: c.Uint(), first: c.Uint(), end: c.Uint(), size: int64(c.Uint()), at: int64(c.Uint())}
	s.letters = parseRuns(c)
	if s.end < s.first || s.size < 0 {
		c.Bad = true
	}
	return s
}

// checkpoint is what all entries before it make up, without what lies in files
// of their own.
type checkpoint struct {
	nextStream, nextObject, nextFile uint64
	streams                          []streamPoint
	files                            []uint64
	objects                          []objectPoint
}

type streamPoint struct {
	id           uint64
	kind         Kind
	path         string
	next, sealed uint64
	missed       []hole
}

// hole is records that are lost, from first up to but without end.
type hole struct{ first, end uint64 }

func appendHoles(dst []byte, holes []hole) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(holes)))
	for _, h := range holes {
		dst = binary.AppendUvarint(dst, h.first)
		dst = binary.AppendUvarint(dst, h.end)
	}
	return dst
}

func parseHoles(c *frame.Cursor) []hole {
	var holes []hole
	for range c.Count() {
		holes = append(holes, hole{first: c.Uint(), end: c.Uint()})
	}
	return holes
}

type objectPoint struct {
	number, stream, first, end uint64
	size, at                   int64
	intent                     []byte // empty: that of the file
}

func (p *checkpoint) append(dst []byte) []byte {
	dst = append(dst, entryCheckpoint)
	for _, v := range []uint64{p.nextStream, p.nextObject, p.nextFile, uint64(len(p.streams))} {
		dst = binary.AppendUvarint(dst, v)
	}
	for _, s := range p.streams {
		dst = binary.AppendUvarint(dst, s.id)
		dst = append(dst, byte(s.kind))
		dst = frame.AppendBytes(dst, s.path)
		dst = binary.AppendUvarint(dst, s.next)
		dst = binary.AppendUvarint(dst, s.sealed)
		dst = appendHoles(dst, s.missed)
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.files)))
	for _, n := range p.files {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.objects)))
	for _, o := range p.objects {
		for _, v := range []uint64{o.number, o.stream, o.first, o.end, uint64(o.size), uint64(o.at)} {
			dst = binary.AppendUvarint(dst, v)
		}
		dst = frame.AppendBytes(dst, o.intent)
	}
	return dst
}

func parseCheckpoint(c *frame.Cursor) checkpoint {
	p := checkpoint{nextStream: c.Uint(), nextObject: c.Uint(), nextFile: c.Uint()}
	for range c.Count() {
		p.streams = append(p.streams, streamPoint{
			id: c.Uint(), kind: parseKind(c), path: string(c.Bytes()), next: c.Uint(), sealed: c.Uint(),
			missed: parseHoles(c),
		})
		if c.Bad {
			return p
		}
	}
	for range c.Count() {
		p.files = append(p.files, c.Uint())
	}
	for range c.Count() {
		p.objects = append(p.objects, objectPoint{
			number: c.Uint(), stream: c.Uint(), first: c.Uint(), end: c.Uint(), size: int64(c.Uint()),
			at: int64(c.Uint()), intent: c.Bytes(),
		})
		if c.Bad {
			return p
		}
	}
	return p
}

// about is an entry about one file or object.
func about(kind byte, number uint64, rest ...byte) []byte {
	b := append(frame.New(binary.MaxVarintLen64+1+len(rest)), kind)
	return append(binary.AppendUvarint(b, number), rest...)
}
