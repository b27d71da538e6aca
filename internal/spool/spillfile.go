package spool

import (
	"encoding/binary"
	"errors"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// A spill file is a frame for each run, one with the places of all of them, and
// at the end where that one is. A reader does without it when it is damaged: each
// run says which it is.

// The frames of a spill file, by their first byte.
const (
	spillRun byte = iota + 1
	spillIndex
)

const spillTrailer = 8

// spillWriter writes a spill file.
type spillWriter struct {
	file   disk.File
	salt   frame.Salt
	offset int64
	places []place
	number uint64
	buf    []byte
}

func newSpillWriter(fsys disk.FS, path string, number uint64) (*spillWriter, error) {
	f, err := fsys.Create(path)
	if err != nil {
		return nil, err
	}
	w := &spillWriter{file: f, salt: frame.NewSalt(), number: number}
	w.buf = append(w.buf, frame.Header(w.salt, binary.AppendUvarint(nil, number))...)
	return w, nil
}

// spillBuffer is how much is written at once.
const spillBuffer = 1 << 20

// begin begins a frame in the buffer.
func (w *spillWriter) begin(kind byte) (start int) {
	start = len(w.buf)
	w.buf = append(append(w.buf, make([]byte, frame.Overhead)...), kind)
	return start
}

// end ends the frame that begins there, and writes the buffer when it is full.
func (w *spillWriter) end(start int) error {
	frame.Seal(w.buf[start:], w.salt, w.offset+int64(start), 1, 0)
	if len(w.buf) < spillBuffer {
		return nil
	}
	return w.flush()
}

func (w *spillWriter) flush() error {
	n, err := w.file.Write(w.buf)
	w.offset += int64(n)
	w.buf = w.buf[:0]
	return err
}

// add writes a run, whose data is in several parts.
func (w *spillWriter) add(r *run, data [][]byte) error {
	size := 0
	for _, d := range data {
		size += len(d)
	}
	start := w.begin(spillRun)
	w.buf = binary.AppendUvarint(r.head(w.buf), uint64(size))
	for _, d := range data {
		w.buf = append(w.buf, d...)
	}
	from, length := w.offset+int64(start), int64(len(w.buf)-start)
	w.places = append(w.places, place{
		file: w.number, offset: from, length: length,
		stream: r.stream, first: r.first, count: r.count, at: r.at,
	})
	return w.end(start)
}

// finish ends the file and makes it durable, but not its name.
func (w *spillWriter) finish() error {
	start := w.begin(spillIndex)
	at := w.offset + int64(start)
	w.buf = appendPlaces(w.buf, w.places)
	frame.Seal(w.buf[start:], w.salt, at, 1, 0)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(at))
	if err := w.flush(); err != nil {
		return err
	}
	return w.file.Sync()
}

func appendPlaces(dst []byte, places []place) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(places)))
	for i := range places {
		p := &places[i]
		for _, v := range []uint64{uint64(p.offset), uint64(p.length), p.stream, p.first, uint64(p.count)} {
			dst = binary.AppendUvarint(dst, v)
		}
		dst = binary.AppendVarint(dst, p.at)
	}
	return dst
}

func parsePlaces(c *frame.Cursor, file uint64, size int64) []place {
	var places []place
	for range c.Count() {
		p := place{
			file: file, offset: int64(c.Uint()), length: int64(c.Uint()),
			stream: c.Uint(), first: c.Uint(), count: int(c.Uint()), at: c.Int(),
		}
		if c.Bad || p.offset < 0 || p.length < frame.Overhead || p.offset > size-p.length || p.count < 0 {
			c.Bad = true
			return nil
		}
		places = append(places, p)
	}
	return places
}

// errNotWhole says that a file or a part of it cannot be read.
var errNotWhole = errors.New("damaged")

// readIndex reads what a spill file holds: from its index, or else from the runs
// themselves.
func readIndex(r disk.Reader, number uint64) (*spillFile, error) {
	salt, err := saltOf(r)
	if err != nil {
		return nil, err
	}
	places, err := readPlaces(r, salt, number)
	if errors.Is(err, errNotWhole) {
		places, err = searchPlaces(r, salt, number)
	}
	if err != nil {
		return nil, err
	}
	return &spillFile{number: number, size: r.Size(), places: places}, nil
}

func readPart(r disk.Reader, from, length int64) ([]byte, error) {
	b := make([]byte, length)
	if length == 0 {
		return b, nil
	}
	n, err := r.ReadAt(b, from)
	if int64(n) == length {
		return b, nil
	}
	return nil, err
}

func readPlaces(r disk.Reader, salt frame.Salt, number uint64) ([]place, error) {
	end := r.Size() - spillTrailer
	if end < frame.HeaderSize {
		return nil, errNotWhole
	}
	trailer, err := readPart(r, end, spillTrailer)
	if err != nil {
		return nil, err
	}
	at := binary.LittleEndian.Uint64(trailer)
	if at < frame.HeaderSize || at > uint64(end) {
		return nil, errNotWhole
	}
	data, err := readPart(r, int64(at), end-int64(at))
	if err != nil {
		return nil, err
	}
	f, n := frame.Parse(data, salt, int64(at))
	if n == 0 || len(f.Payload) == 0 || f.Payload[0] != spillIndex {
		return nil, errNotWhole
	}
	c := frame.Cursor{Rest: f.Payload[1:]}
	places := parsePlaces(&c, number, r.Size())
	if c.Bad {
		return nil, errNotWhole
	}
	return places, nil
}

func searchPlaces(r disk.Reader, salt frame.Salt, number uint64) ([]place, error) {
	data, err := readPart(r, 0, r.Size())
	if err != nil {
		return nil, err
	}
	var places []place
	frame.Scan(data, salt, true, func(end int64, f frame.Frame) {
		if run, ok := parseSpilled(f.Payload); ok {
			length := frame.Overhead + int64(len(f.Payload))
			places = append(places, place{
				file: number, offset: end - length, length: length,
				stream: run.stream, first: run.first, count: run.count, at: run.at,
			})
		}
	})
	return places, nil
}

func parseSpilled(payload []byte) (run, bool) {
	if len(payload) == 0 || payload[0] != spillRun {
		return run{}, false
	}
	c := frame.Cursor{Rest: payload[1:]}
	r := parseRun(&c)
	return r, !c.Bad
}

// readRun reads the run of a place, into a block that the caller holds then.
func readRun(r disk.Reader, salt frame.Salt, p *place) (run, *memory.Block, error) {
	if p.offset+p.length > r.Size() {
		return run{}, nil, errNotWhole
	}
	block := memory.Get(int(p.length))
	data := block.Bytes()[:p.length]
	if n, err := r.ReadAt(data, p.offset); int64(n) < p.length {
		block.Release()
		return run{}, nil, err
	}
	f, n := frame.Parse(data, salt, p.offset)
	got, ok := parseSpilled(f.Payload)
	if n == 0 || !ok || got.stream != p.stream || got.first != p.first || got.count != p.count {
		block.Release()
		return run{}, nil, errNotWhole
	}
	return got, block, nil
}
