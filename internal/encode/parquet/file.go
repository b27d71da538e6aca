package parquet

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// file is one object on its way to out.
type file struct {
	intake
	encoder *Encoder
	out     io.Writer
	limit   int64

	rows    int64
	written int64
	notes   encode.Notes
	footer  footer
	// full is set when no other row group may follow.
	full bool
	// change is the record from which on the schema is another one; 0 for none.
	change int
	// alone is set when the other row groups are to be built one after the
	// other.
	alone bool
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
		memory, err := f.registry.For(&f.records[f.next])
		if err == nil {
			f.memory, f.dataset = memory, f.records[f.next].Dataset
			return
		}
		f.refuse(err)
	}
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

func (f *file) result() encode.Result {
	res := encode.Result{Taken: f.next, Rows: int(f.rows), Bytes: f.written, Refused: f.refused, Notes: f.notes}
	if f.change > 0 && f.next == f.change {
		res.Stopped = encode.SchemaChanged
	}
	return res
}

// write writes the file. final says that the schema knows all records as well
// as it ever will.
func (f *file) write(s *schema.Schema, final bool) error {
	if len(s.Fields) == 0 {
		return f.withoutColumns(final)
	}
	p := f.use(s, f.memory.Policy(), final)
	f.footer.begin(p, f.config)
	for !f.full && f.next < len(f.records) && len(f.footer.groups) < maxGroups {
		var err error
		if segments := f.segments(); segments != nil {
			err = f.parallel(s, segments)
		} else {
			err = f.group()
		}
		if err != nil {
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
		f.refuse(schema.ErrNoField)
	}
	return nil
}

// fill adds rows until target bytes are buffered. more reports whether others
// could follow.
func (f *file) fill(target int64) (more bool, err error) {
	switch f.take(target) { //nolint:exhaustive // the others end the records or the row group
	case filled:
		return true, nil
	case stranger:
		f.full, f.change = true, f.next
	case unknown:
		if f.written == 0 {
			return false, errLearn
		}
		f.full, f.change = true, f.next // the next file has the new schema
	}
	return false, nil
}

// adopt counts the records before next as taken, with their refusals, and
// returns the refusals of those after.
func (f *file) adopt(next int, refused []encode.Refusal) []encode.Refusal {
	f.next = next
	n := 0
	for n < len(refused) && refused[n].Index < next {
		n++
	}
	f.refused = append(f.refused, refused[:n]...)
	return refused[n:]
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

// accept makes the block of the records beginning with from part of the file.
// buffered is what the block took in the columns.
func (f *file) accept(b *block, buffered, from int) error {
	if f.written == 0 {
		if err := f.put([]byte(magic)); err != nil {
			return err
		}
	}
	if err := f.put(b.data); err != nil {
		return err
	}
	f.rows += b.group.NumRows
	f.footer.accept(b)
	if f.config.Compatibility == Widest && f.notes.Julian == "" {
		f.notes.Julian = f.julian(b)
	}
	e := f.encoder
	if buffered > 0 {
		e.ratio = float64(len(b.data)) / float64(buffered)
	}
	// What is learned from few rows would be wrong: they share little.
	if e.config.Cores.width() > 1 && int64(buffered) >= min(leastSegment, e.config.RowGroupSize)/2 {
		e.density = float64(buffered) / float64(max(1, rawSize(f.records[from:f.next])))
	}
	return nil
}

// julian names a column of a block with a time before 1582-10-15; empty for none.
func (f *file) julian(b *block) string {
	const firstDay = -141427
	const firstMoment = firstDay * 24 * int64(time.Hour/time.Microsecond)
	for i, c := range f.writer.columns {
		least := b.group.Columns[i].MetaData.Statistics.MinValue
		switch {
		case least == nil:
		case c.field.Type == schema.Date && c.compare(least, c.plainInt(firstDay)) < 0,
			c.field.Type == schema.Timestamp && c.compare(least, c.plainInt(firstMoment)) < 0:
			return strings.Join(c.path, ".")
		}
	}
	return ""
}

// close writes what follows the row groups, after checking it.
func (f *file) close() error {
	tail := f.footer.tail(f.at(), nil, f.rows, f.records[:f.next])
	if err := verify(tail, f.at(), f.rows); err != nil {
		return fmt.Errorf("checking the finished file: %w", err)
	}
	return f.put(tail)
}

// at is where the next block begins.
func (f *file) at() int64 { return max(f.written, int64(len(magic))) }
