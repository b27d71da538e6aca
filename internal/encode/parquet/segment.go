package parquet

import (
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// segment is a run of records that is encoded apart from its neighbours,
// mostly as one row group.
type segment struct {
	from, to int
	// waits are the states of the columns' dictionaries: those to begin with,
	// then those at the end. Were they left to whoever builds the segment, the
	// file would depend on who that is.
	waits []int

	// done is closed when the fields below are set.
	done    chan struct{}
	parts   []part
	refused []encode.Refusal
	next    int // the first record not taken
	end     ending
	err     error
}

// part is a row group of a segment.
type part struct {
	block    *block
	buffered int
	next     int // the first record after it
}

// ready reports whether the segment is encoded.
func (s *segment) ready() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// build encodes the segment. The intake has all that the file's own has, but
// for the worker.
func (s *segment) build(in intake, size int64) {
	defer close(s.done)
	in.records, in.next = in.records[:s.to], s.from
	for i, c := range in.writer.columns {
		c.wait, c.way = s.waits[i], untold
	}
	for s.end = filled; s.end == filled && s.err == nil; {
		in.writer.begin()
		s.end = in.take(size)
		if in.writer.row > 0 && s.end <= drained {
			s.add(&in)
		}
	}
	s.next, s.refused = in.next, in.refused
	for i, c := range in.writer.columns {
		s.waits[i] = c.wait
	}
}

// add makes the rows that were taken a row group.
func (s *segment) add(in *intake) {
	w := &in.writer
	w.finish()
	if _, s.err = in.builder.build(w.columns, w.row); s.err != nil {
		return
	}
	s.parts = append(s.parts, part{block: in.builder.detach(), buffered: w.buffered(), next: in.next})
}

// rawSize is about the size of records as text. Only some of those that were
// parsed are measured: walking them takes a while.
func rawSize(records []record.Record) int64 {
	total, m := int64(0), meter{}
	for i := range records {
		total += m.size(records, i)
	}
	return total
}

// meter measures records in order.
type meter struct{ parsed, uses int }

func (m *meter) size(records []record.Record, i int) int64 {
	if !records[i].Structured() {
		return int64(len(records[i].Raw))
	}
	const stride = 16
	if m.uses%stride == 0 {
		m.parsed = records[i].Size()
	}
	m.uses++
	return int64(m.parsed)
}

// cut divides the next raw bytes of records into n segments of about the same
// size.
func cut(records []record.Record, from int, raw int64, n int) []*segment {
	out := make([]*segment, 0, n)
	start, at, m := from, int64(0), meter{}
	for i := from; i < len(records) && at < raw; i++ {
		at += m.size(records, i)
		if at >= raw*int64(len(out)+1)/int64(n) {
			out = append(out, &segment{from: start, to: i + 1, done: make(chan struct{})})
			start = i + 1
		}
	}
	return out
}
