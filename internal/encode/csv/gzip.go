package csv

import (
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// The difficulty of a compressed object: its first line depends on which
// records are in it, and which records are in it depends on how well all of it
// compresses. So as many records are read as the object should hold, and a few
// more; then their rows are compressed until the limit is reached. The header
// is right if every column was brought in by a row that made it. What is
// compressed is therefore held back until the last such row is in: from then
// on it can go out as it comes. If the limit is reached before, the rows that
// made it are compressed once more under the header that they have in common;
// that happens only when a new field appears among the very last rows.

const (
	// surplus is how much more text is read than should be needed.
	surplus = 1.05
	// sampleSize is how much text tells how well the data compresses, as long
	// as no object was written.
	sampleSize = 256 << 10
)

func (e *encoder) encodeGzip(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	next, err := e.scanGzip(records, e.skipped(), limit)
	if err != nil {
		return encode.Result{}, err
	}
	if e.table.empty() {
		return e.withoutRows(), nil
	}
	out := &holder{w: w, held: e.held[:0], settle: e.settle}
	defer func() { e.keep(out.held) }()
	rows, err := e.compress(out, limit)
	for err == nil && rows < e.table.rowCount() && e.table.lastGrowth() >= rows {
		// Some columns were brought in by rows that did not make it.
		next = e.takeBack(rows)
		out.held = out.held[:0]
		rows, err = e.compress(out, limit)
	}
	if err == nil && rows == e.table.rowCount() && next < len(records) {
		rows = e.extend(records, next)
	}
	if err != nil {
		return encode.Result{}, err
	}
	return e.finish(out, rows)
}

// takeBack drops all rows from the given one on, and returns the index of its
// record.
func (e *encoder) takeBack(rows int) int {
	res := e.result(rows)
	e.refused = e.refused[:len(res.Refused)]
	e.table.truncate(rows)
	return res.Taken
}

// finish ends the object.
func (e *encoder) finish(out *holder, rows int) (encode.Result, error) {
	res := e.result(rows)
	var err error
	if res.Bytes, err = e.stream.Close(nil); err == nil {
		err = out.release()
	}
	e.table.truncate(rows)
	e.ratio = float64(res.Bytes) / float64(max(e.table.size(), 1))
	return res, err
}

// scanGzip reads as many records as the limit should hold and a few more. It
// returns the index of the first record not read.
func (e *encoder) scanGzip(records []record.Record, next int, limit int64) (int, error) {
	enough := int64(maxText)
	if limit > 0 && e.ratio == 0 {
		next = e.scan(records, next, func() bool { return e.table.size() > sampleSize })
		if next == len(records) {
			return next, nil
		}
		if err := e.measure(); err != nil {
			return next, err
		}
	}
	if limit > 0 {
		enough = int64(min(float64(limit)/e.ratio*surplus, maxText))
	}
	if !e.table.empty() && e.table.size() > enough {
		return next, nil
	}
	return e.scan(records, next, func() bool { return e.table.size() > enough }), nil
}

// measure compresses the table to learn the ratio.
func (e *encoder) measure() error {
	if e.table.size() == 0 {
		e.ratio = 1
		return nil
	}
	e.sample.Reset(io.Discard, 0, 0)
	e.line = e.table.appendHeader(e.line[:0])
	e.sample.Add(e.line)
	for c := (cursor{}); c.row < e.table.rowCount(); {
		e.line = e.table.appendLine(e.line[:0], &c)
		e.sample.Add(e.line)
	}
	n, err := e.sample.Close(nil)
	e.ratio = float64(n) / float64(e.table.size())
	return err
}

// compress writes the table until the limit is reached and returns how many
// rows it took.
func (e *encoder) compress(out *holder, limit int64) (int, error) {
	e.stream.Reset(out, limit, 0)
	growth := e.table.lastGrowth()
	e.line = e.line[:0]
	if e.table.header {
		// The header shares the fate of the first row: both or none.
		e.line = e.table.appendHeader(e.line)
	}
	for c := (cursor{}); c.row < e.table.rowCount(); {
		rows := c.row
		e.line = e.table.appendLine(e.line, &c)
		if !e.stream.Add(e.line) || out.err != nil {
			return rows, out.err
		}
		e.line = e.line[:0]
		if rows == growth {
			out.passOn()
		}
	}
	return e.table.rowCount(), out.err
}

// extend adds rows to an object that turned out to have room after all. Its
// header is settled, so a record with a new field ends it.
func (e *encoder) extend(records []record.Record, next int) int {
	width := e.table.columnCount()
	e.scan(records, next, func() bool {
		if e.table.columnCount() > width {
			e.change = e.table.rowCount() - 1 + len(e.refused)
			return true
		}
		if e.table.textSize > maxText {
			return true
		}
		c := e.table.last()
		e.line = e.table.appendLine(e.line[:0], &c)
		return !e.stream.Add(e.line)
	})
	return e.table.rowCount()
}

// keep saves the buffer for the next object unless it is very large.
func (e *encoder) keep(held []byte) {
	const large = 8 << 20
	if cap(held) > large {
		held = nil
	}
	e.held = held
	if cap(e.line) > blockSize {
		e.line = nil
	}
}

// holder keeps what is written until it may go out.
type holder struct {
	w       io.Writer
	held    []byte
	settle  func() error // called before anything goes out
	passing bool
	err     error
}

// Write implements io.Writer.
func (h *holder) Write(p []byte) (int, error) {
	if !h.passing {
		h.held = append(h.held, p...)
		return len(p), nil
	}
	n, err := h.w.Write(p)
	if err != nil {
		h.err = err
	}
	return n, err
}

// passOn lets out what was held and everything that follows.
func (h *holder) passOn() {
	if err := h.release(); err != nil {
		h.err = err
	}
}

func (h *holder) release() error {
	if h.err != nil || h.passing {
		return h.err
	}
	if err := h.settle(); err != nil {
		return err
	}
	h.passing = true
	n, err := h.w.Write(h.held)
	if err == nil && n < len(h.held) {
		err = io.ErrShortWrite
	}
	return err
}
