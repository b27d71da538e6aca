package avro

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

const (
	magic    = "Obj\x01"
	syncSize = 16

	// firstRatio is what a block is expected to take in proportion to its
	// content before anything is known.
	firstRatio = 0.4
	// aim is the part of the room that the last block is cut to; a miss costs
	// compressing once more.
	aim = 0.99
	// enough is the part of the limit from which on a file is full.
	enough = 0.99
)

// file is one object on its way to out.
type file struct {
	encoder *Encoder
	out     io.Writer
	records []record.Record
	limit   int64
	memory  *schema.Memory
	dataset record.Dataset

	header  []byte // without the sync marker
	sync    [syncSize]byte
	next    int // the first record not taken
	rows    int
	written int64
	refused []encode.Refusal
	reasons schema.Reasons
	// full is set when no other block may follow.
	full bool
	// change is the record from which on the schema is another one; 0 for none.
	change int
}

// begin finds the schema that the records belong to. Records that do not tell
// theirs are refused.
func (f *file) begin() {
	for f.next < len(f.records) {
		memory, err := f.encoder.registry.For(&f.records[f.next])
		if err == nil {
			f.memory, f.dataset = memory, f.records[f.next].Dataset
			return
		}
		f.refuse(err)
	}
}

// stranger reports whether a record belongs to another schema.
func (f *file) stranger(rec *record.Record) bool {
	registry := f.encoder.registry
	if rec.Dataset != f.dataset || !registry.PerRecord() {
		return rec.Dataset != f.dataset
	}
	memory, err := registry.For(rec)
	return err == nil && memory != f.memory
}

// own returns the records that may be in the file: those up to the first one of
// another dataset.
func (f *file) own() []record.Record {
	for i := f.next; i < len(f.records); i++ {
		if f.stranger(&f.records[i]) {
			return f.records[:i]
		}
	}
	return f.records
}

func (f *file) refuse(err error) {
	err = f.reasons.Of(f.memory, &f.records[f.next], err)
	f.refused = append(f.refused, encode.Refusal{Index: f.next, Err: err})
	f.next++
}

func (f *file) result() encode.Result {
	res := encode.Result{Taken: f.next, Rows: f.rows, Bytes: f.written, Refused: f.refused}
	if f.change > 0 && f.next == f.change {
		res.Stopped = encode.SchemaChanged
	}
	return res
}

// write writes the file. final says that the schema knows all records as well
// as it ever will.
func (f *file) write(s *schema.Schema, final bool) error {
	p, err := f.encoder.plan(s, f.memory.Policy())
	if err != nil {
		return err
	}
	if p == nil {
		return f.withoutFields(final)
	}
	w := &f.encoder.writer
	w.plan, w.policy, w.final = p, f.memory.Policy(), final
	f.header = f.encoder.header(p)
	for !f.full && f.next < len(f.records) {
		if err := f.block(); err != nil {
			return err
		}
	}
	return nil
}

// withoutFields deals with records of which none has a field.
func (f *file) withoutFields(final bool) error {
	if !final {
		return errLearn
	}
	for f.next < len(f.records) {
		f.refuse(schema.ErrNoField)
	}
	return nil
}

// header returns what a file begins with, up to the sync marker.
func (e *Encoder) header(p *plan) []byte {
	h := []byte(magic)
	h = binary.AppendVarint(h, int64(2+len(e.config.Metadata)))
	h = appendEntry(h, "avro.codec", []byte(e.codec.name))
	h = appendEntry(h, "avro.schema", p.text)
	for _, kv := range e.config.Metadata {
		h = appendEntry(h, kv.Key, []byte(kv.Value))
	}
	return append(h, 0)
}

func appendEntry(dst []byte, key string, value []byte) []byte {
	dst = append(binary.AppendVarint(dst, int64(len(key))), key...)
	return append(binary.AppendVarint(dst, int64(len(value))), value...)
}

// block adds the next block to the file, as large as the limit and the settings
// allow.
func (f *file) block() error {
	w := &f.encoder.writer
	w.begin()
	room := f.room()
	if f.rows > 0 && room < int64((1-enough)*float64(f.limit)) {
		f.full = true
		return nil
	}
	start := f.next
	if err := f.fill(f.target(room)); err != nil {
		return err
	}
	if len(w.ends) == 0 {
		return nil
	}
	for {
		packed, err := f.encoder.codec.compress(w.buf)
		if err != nil {
			return err
		}
		n := len(w.ends)
		size := blockSize(n, packed)
		if size <= room || n == 1 && f.rows == 0 {
			return f.accept(packed)
		}
		if n = f.shrink(n, room, size); n == 0 {
			f.full = true
			f.giveBack(start)
			return nil
		}
		w.truncate(n)
		f.giveBack(f.encoder.taken[n])
	}
}

// blockSize is the size of a block with its frame.
func blockSize(rows int, packed []byte) int64 {
	var number [binary.MaxVarintLen64]byte
	frame := binary.PutVarint(number[:], int64(rows)) + binary.PutVarint(number[:], int64(len(packed))) + syncSize
	return int64(frame + len(packed))
}

// room is the size that the file may still grow by.
func (f *file) room() int64 {
	if f.limit == 0 {
		return math.MaxInt64
	}
	if f.rows == 0 {
		return f.limit - int64(len(f.header)) - syncSize
	}
	return f.limit - f.written
}

// target returns how many bytes to encode for the next block.
func (f *file) target(room int64) int {
	size := f.encoder.config.BlockSize
	ratio := f.encoder.ratio
	if ratio == 0 {
		ratio = firstRatio
	}
	return int(max(1, min(float64(size), float64(room)*aim/ratio)))
}

// shrink returns how many rows to keep of a block that is too large, 0 for
// none.
func (f *file) shrink(rows int, room, size int64) int {
	if rows == 1 {
		return 0
	}
	n := int(float64(rows) * float64(room) / float64(size) * aim)
	n = min(n, rows-1)
	if n < 1 && f.rows == 0 {
		return max(1, rows/8)
	}
	return max(n, 0)
}

// fill adds records until the block has target bytes.
func (f *file) fill(target int) error {
	e := f.encoder
	w := &e.writer
	e.taken = e.taken[:0]
	for f.next < len(f.records) && len(w.buf) < target {
		rec := &f.records[f.next]
		if rec.Dataset != f.dataset {
			f.full, f.change = true, f.next
			return nil
		}
		if e.registry.PerRecord() {
			memory, err := e.registry.For(rec)
			if err != nil {
				f.refuse(err)
				continue
			}
			if memory != f.memory {
				f.full, f.change = true, f.next
				return nil
			}
		}
		switch err := w.write(rec); {
		case err == nil:
			e.taken = append(e.taken, f.next)
			f.next++
		case !errors.Is(err, errLearn):
			f.refuse(err)
		case f.rows == 0:
			return errLearn
		default:
			f.full, f.change = true, f.next // the next file has the new schema
			return nil
		}
	}
	return nil
}

// giveBack takes back the records from next on.
func (f *file) giveBack(next int) {
	f.next = next
	n := len(f.refused)
	for n > 0 && f.refused[n-1].Index >= next {
		n--
	}
	f.refused = f.refused[:n]
}

// accept makes the block part of the file.
func (f *file) accept(packed []byte) error {
	w := &f.encoder.writer
	if f.rows == 0 {
		// The marker must differ from what blocks hold, so it is a hash; the
		// same records give the same file.
		sum := sha256.New()
		_, _ = sum.Write(f.header) // a hash never fails
		_, _ = sum.Write(w.buf)
		copy(f.sync[:], sum.Sum(nil))
		if err := f.put(f.header, f.sync[:]); err != nil {
			return err
		}
	}
	var frame [2 * binary.MaxVarintLen64]byte
	n := binary.PutVarint(frame[:], int64(len(w.ends)))
	n += binary.PutVarint(frame[n:], int64(len(packed)))
	f.rows += len(w.ends)
	f.encoder.ratio = float64(len(packed)) / float64(max(1, len(w.buf)))
	return f.put(frame[:n], packed, f.sync[:])
}

// put writes bytes and counts them.
func (f *file) put(parts ...[]byte) error {
	for _, b := range parts {
		n, err := f.out.Write(b)
		f.written += int64(n)
		if err != nil {
			return fmt.Errorf("writing the object: %w", err)
		}
	}
	return nil
}
