package parquet

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// file is one object on its way to out.
type file struct {
	encoder *Encoder
	out     io.Writer
	records []record.Record
	limit   int64
	memory  *schema.Memory

	next    int // the first record not taken
	rows    int64
	written int64
	refused []encode.Refusal
	footer  footer
	// full is set when no other row group may follow.
	full bool
}

const (
	magic = "PAR1"
	// maxGroups is how many row groups a file can number.
	maxGroups = math.MaxInt16
)

// begin finds the schema that the records belong to. Records that do not tell
// theirs are refused.
func (f *file) begin() {
	for f.next < len(f.records) {
		memory, err := f.encoder.registry.For(&f.records[f.next])
		if err == nil {
			f.memory = memory
			return
		}
		f.refuse(err)
	}
}

func (f *file) refuse(err error) {
	f.refused = append(f.refused, encode.Refusal{Index: f.next, Err: err})
	f.next++
}

func (f *file) result() encode.Result {
	return encode.Result{Taken: f.next, Rows: int(f.rows), Bytes: f.written, Refused: f.refused}
}

// write writes the file. final says that the schema knows all records as well
// as it ever will.
func (f *file) write(s *schema.Schema, final bool) error {
	p := f.encoder.plan(s)
	if p == nil {
		return f.withoutColumns(final)
	}
	if old := f.encoder.writer.plan; old != nil && old != p {
		for _, c := range old.columns {
			c.release()
		}
	}
	f.encoder.writer.plan = p
	f.encoder.writer.policy = f.memory.Policy()
	f.encoder.writer.final = final
	f.footer.begin(p.elements, &f.encoder.config)
	for !f.full && f.next < len(f.records) && len(f.footer.groups) < maxGroups {
		if err := f.group(); err != nil {
			return err
		}
	}
	if f.rows == 0 {
		return nil
	}
	return f.close()
}

// withoutColumns deals with records of which none has a field.
func (f *file) withoutColumns(final bool) error {
	if !final {
		return errLearn
	}
	for f.next < len(f.records) {
		f.refuse(errors.New("the record has no field, and no column is known"))
	}
	return nil
}

// fill adds rows until target bytes are buffered. more reports whether others
// could follow.
func (f *file) fill(target int64) (more bool, err error) {
	e := f.encoder
	w := &e.writer
	check := w.row
	for f.next < len(f.records) {
		if w.row >= check {
			size := int64(w.buffered())
			if size >= target {
				return true, nil
			}
			// Adding up the buffers takes a while with many columns; half of
			// the rows that are expected to be missing are added unseen.
			check = w.row + 1
			if w.row > 0 {
				check += min(4096, int((target-size)/(size/int64(w.row)+1)/2))
			}
		}
		rec := &f.records[f.next]
		if e.registry.PerRecord() {
			memory, err := e.registry.For(rec)
			if err != nil {
				f.refuse(err)
				continue
			}
			if memory != f.memory {
				f.full = true
				return false, nil
			}
		}
		row := w.row
		switch err := w.write(rec); {
		case err == nil:
			e.rowRecord = append(e.rowRecord[:row], f.next)
			f.next++
		case !errors.Is(err, errLearn):
			f.refuse(err)
		case f.written == 0:
			return false, errLearn
		default:
			f.full = true // the next file has the new schema
			return false, nil
		}
	}
	return false, nil
}

// truncate gives back the rows of the current row group from row on.
func (f *file) truncate(row int) {
	f.encoder.writer.truncate(row)
	f.next = f.encoder.rowRecord[row]
	n := len(f.refused)
	for n > 0 && f.refused[n-1].Index >= f.next {
		n--
	}
	f.refused = f.refused[:n]
}

// put writes bytes and counts them.
func (f *file) put(b []byte) error {
	n, err := f.out.Write(b)
	f.written += int64(n)
	if err != nil {
		return fmt.Errorf("writing the object: %w", err)
	}
	return nil
}

// accept makes the block part of the file.
func (f *file) accept(b *block) error {
	if f.written == 0 {
		if err := f.put([]byte(magic)); err != nil {
			return err
		}
	}
	if err := f.put(b.data); err != nil {
		return err
	}
	f.rows += b.group.NumRows
	if err := f.footer.accept(b); err != nil {
		return err
	}
	if buffered := f.encoder.writer.buffered(); buffered > 0 {
		f.encoder.ratio = float64(len(b.data)) / float64(buffered)
	}
	return nil
}

// close writes what follows the row groups, after checking it.
func (f *file) close() error {
	tail, err := f.footer.tail(f.at(), nil, f.rows, f.records[:f.next])
	if err != nil {
		return err
	}
	if err := verify(tail, f.at(), f.rows); err != nil {
		return fmt.Errorf("checking the finished file: %w", err)
	}
	return f.put(tail)
}

// at is where the next block begins.
func (f *file) at() int64 { return max(f.written, int64(len(magic))) }
