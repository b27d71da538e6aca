package chunk

import (
	"cmp"
	"slices"
	"time"
	"unsafe"

	"github.com/s3-destination/s3-destination/internal/record"
)

// run is what one call brought for one partition, or a part of it: a range of
// the call's records. It is the unit in which chunks take, order, return and
// settle records.
type run struct {
	call     *Call
	from, to int32
	raw      int64 // size of the records, to which that of objects is in proportion
	charge   int64 // their part of the call's charge
	// note is why the records were refused, when they are dead letters.
	note *note
}

// note is what a dead letter says about its record beside the record itself.
type note struct {
	from   string // path of the partition the record belonged to, if any
	reason error
	at     time.Time
}

const (
	// recordSize is what a record takes in a list.
	recordSize = int64(unsafe.Sizeof(record.Record{}))
	// noteSize is about what a refused record takes until it is described: its
	// run, the note, and an error with its text.
	noteSize = 512
	// letterSize is about what a dead letter says beside the record.
	letterSize = 256
)

func (r *run) len() int { return int(r.to - r.from) }

func (r *run) records() []record.Record { return r.call.records[r.from:r.to] }

// index is the position in the call's batch of the i-th record of the run.
func (r *run) index(i int) int { return int(r.call.indexes[int(r.from)+i]) }

// compare orders runs by the arrival of their calls, and within a call by the
// order of its batch. What is stored exactly once is in the order of the input.
func (r *run) compare(o *run) int {
	if r.call.ticket != nil && o.call.ticket != nil {
		return cmp.Or(r.call.ticket.Source.Compare(o.call.ticket.Source), cmp.Compare(r.first(), o.first()), cmp.Compare(r.from, o.from))
	}
	return cmp.Or(cmp.Compare(r.call.order, o.call.order), cmp.Compare(r.from, o.from))
}

// measure sets what depends on the range. overhead is what a record costs
// beside its payload.
func (r *run) measure(overhead int64) {
	r.raw, r.charge = 0, 0
	for i := range r.records() {
		raw, charge := measure(&r.records()[i], overhead)
		r.raw += raw
		r.charge += charge
	}
	if r.note != nil {
		r.raw += letterSize * int64(r.len())
	}
}

func measure(rec *record.Record, overhead int64) (raw, charge int64) {
	size, footprint := rec.Measure()
	return int64(size), int64(footprint) + overhead
}

// cut divides the run after n records. Either part may be empty.
func (r run) cut(n int, overhead int64) (head, tail run) {
	switch n {
	case 0:
		return run{call: r.call, from: r.from, to: r.from, note: r.note}, r
	case r.len():
		return r, run{call: r.call, from: r.to, to: r.to, note: r.note}
	}
	head, tail = r, r
	head.to = r.from + int32(n)
	tail.from = head.to
	head.measure(overhead)
	tail.raw, tail.charge = r.raw-head.raw, r.charge-head.charge
	return head, tail
}

// extra is the memory that the run takes beside what its call was charged for.
func (r *run) extra() int64 {
	if r.note == nil {
		return 0
	}
	return noteSize
}

// runs are in the order of arrival, except while a chunk is open.
type runs []run

// records counts them.
func (rs runs) records() int {
	n := 0
	for i := range rs {
		n += rs[i].len()
	}
	return n
}

// wanted reports whether any call still waits for a record.
func (rs runs) wanted() bool {
	return slices.ContainsFunc(rs, func(r run) bool { return !r.call.withdrawn })
}

// spoiled reports whether the calls of some runs were withdrawn, and others
// still wait.
func (rs runs) spoiled() bool {
	return slices.ContainsFunc(rs, func(r run) bool { return r.call.withdrawn }) && rs.wanted()
}

// withoutWithdrawn returns the runs that a call still waits for.
func (rs runs) withoutWithdrawn() runs {
	gone := func(r run) bool { return r.call.withdrawn }
	if !slices.ContainsFunc(rs, gone) {
		return rs
	}
	return slices.DeleteFunc(slices.Clone(rs), gone)
}

func (rs runs) sort() {
	slices.SortFunc(rs, func(a, b run) int { return a.compare(&b) })
}

// merge returns the union of two lists, in order.
func merge(a, b runs) runs {
	all := make(runs, 0, len(a)+len(b))
	all = append(append(all, a...), b...)
	all.sort()
	return all
}

// cut divides the list after n records. The lists are new ones.
func (rs runs) cut(n int, overhead int64) (head, tail runs) {
	for i, r := range rs {
		if n < r.len() {
			first, rest := r.cut(n, overhead)
			head = slices.Clone(rs[:i])
			if first.len() > 0 {
				head = append(head, first)
			}
			return head, append(runs{rest}, rs[i+1:]...)
		}
		n -= r.len()
	}
	return rs, nil
}

// split separates the records at certain positions, in ascending order, from
// the others.
func (rs runs) split(at []int, overhead int64) (chosen, others runs) {
	offset := 0
	for _, r := range rs {
		length := r.len()
		n := 0
		for n < len(at) && at[n] < offset+length {
			n++
		}
		if n == 0 {
			others = append(others, r)
		} else {
			start := 0
			for _, i := range at[:n] {
				others = others.with(r, start, i-offset, overhead)
				chosen = chosen.with(r, i-offset, i-offset+1, overhead)
				start = i - offset + 1
			}
			others = others.with(r, start, length, overhead)
			at = at[n:]
		}
		offset += length
	}
	return chosen, others
}

// with appends a part of a run, if it is not empty.
func (rs runs) with(r run, from, to int, overhead int64) runs {
	if from == to {
		return rs
	}
	r.from, r.to = r.from+int32(from), r.from+int32(to)
	r.measure(overhead)
	return append(rs, r)
}

// flat returns the records one behind the other. Those of a single run are so
// already; others are copied.
func (rs runs) flat() []record.Record {
	if len(rs) == 1 {
		return rs[0].records()
	}
	all := make([]record.Record, 0, rs.records())
	for i := range rs {
		all = append(all, rs[i].records()...)
	}
	return all
}

// copies is the memory that flat takes.
func (rs runs) copies() int64 {
	if len(rs) == 1 {
		return 0
	}
	return int64(rs.records()) * recordSize
}
