package parquet

import (
	"errors"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// intake takes records, in order, into the columns of a worker.
type intake struct {
	*worker
	registry *schema.Registry
	memory   *schema.Memory
	dataset  record.Dataset
	records  []record.Record
	next     int // the first record not taken
	refused  []encode.Refusal
	reasons  schema.Reasons
	// stop ends the intake early when it is set by somebody else; may be nil.
	stop *atomic.Bool
}

// ending says why an intake took no more.
type ending int

const (
	filled   ending = iota // the target is reached
	drained                // there is no other record
	unknown                // the schema has to learn from the next record
	stranger               // the next record has another schema
	stopped                // nobody wants the rows any more
)

func (in *intake) refuse(err error) {
	err = in.reasons.Of(in.memory, &in.records[in.next], err)
	in.refused = append(in.refused, encode.Refusal{Index: in.next, Err: err})
	in.next++
}

// take adds rows until target bytes are buffered.
func (in *intake) take(target int64) ending {
	w := &in.writer
	check := w.row
	for in.next < len(in.records) {
		if w.row >= check {
			size := int64(w.buffered())
			if size >= target {
				return filled
			}
			if in.stop != nil && in.stop.Load() {
				return stopped
			}
			// Adding up the buffers takes a while with many columns; half of
			// the rows that are expected to be missing are added unseen.
			check = w.row + 1
			if w.row > 0 {
				check += min(4096, int((target-size)/(size/int64(w.row)+1)/2))
			}
		}
		rec := &in.records[in.next]
		if rec.Dataset != in.dataset {
			return stranger
		}
		if in.registry.PerRecord() {
			memory, err := in.registry.For(rec)
			if err != nil {
				in.refuse(err)
				continue
			}
			if memory != in.memory {
				return stranger
			}
		}
		row := w.row
		switch err := w.write(rec); {
		case err == nil:
			in.rowRecord = append(in.rowRecord[:row], in.next)
			in.next++
		case !errors.Is(err, errLearn):
			in.refuse(err)
		default:
			return unknown
		}
	}
	return drained
}

// stranger reports whether a record belongs to another schema.
func (in *intake) stranger(rec *record.Record) bool {
	if rec.Dataset != in.dataset || !in.registry.PerRecord() {
		return rec.Dataset != in.dataset
	}
	memory, err := in.registry.For(rec)
	return err == nil && memory != in.memory
}

// truncate gives back the rows of the current row group from row on.
func (in *intake) truncate(row int) {
	in.writer.truncate(row)
	in.back(in.rowRecord[row])
}

// back gives back the records from next on, and their refusals.
func (in *intake) back(next int) {
	in.next = next
	n := len(in.refused)
	for n > 0 && in.refused[n-1].Index >= next {
		n--
	}
	in.refused = in.refused[:n]
}
