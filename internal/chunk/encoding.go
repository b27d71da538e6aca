package chunk

import (
	"context"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

// The first stage of a sealed chunk: encoding, by as many goroutines as there
// are encoders. A chunk is not encoded before it may be uploaded, so that
// encoded forms do not pile up while uploads are slow.

// passing is the number of chunks that are being encoded or uploaded, or are
// between the two.
func (l *ledger) passing() int { return len(l.working) + len(l.encoded) }

// free is the number of chunks that could be encoded now, beside those that
// are sealed already. The caller holds the lock.
func (m *Manager) free() int { return m.idleEncoders() - len(m.ledger.sealed) }

func (m *Manager) idleEncoders() int {
	return min(m.cfg.Encoders-m.ledger.tallies[encoding].chunks, m.pace.limit-m.ledger.passing())
}

// startEncoding gives sealed chunks to free encoders. The caller holds the
// lock.
func (m *Manager) startEncoding() {
	for len(m.ledger.sealed) > 0 && m.idleEncoders() > 0 {
		c := m.ledger.sealed[0]
		m.ledger.move(c, encoding)
		m.done.Go(task{m, c}.encode)
	}
}

// work is a chunk in the hands of an encoder.
type work struct {
	c       *chunk
	runs    runs            // what is to be encoded, in order
	records []record.Record // of the runs, or for dead letters the lines
	result  encode.Result
	form    Encoded
	err     error
	// expelled are records that the encoder failed with, of an announced object.
	expelled []refusal
}

// task is a goroutine's: to take a chunk through a stage.
type task struct {
	m *Manager
	c *chunk
}

// encode encodes a chunk and sorts its records: those that the object holds
// stay in it. Most often the upload may begin at once, and is done here.
func (t task) encode() {
	m, c := t.m, t.c
	ctx, cancel := context.WithCancel(m.ctx)
	defer cancel()
	w := &work{c: c}
	if m.begin(w, cancel) {
		m.attempt(ctx, w)
		if w.err != nil {
			m.narrow(ctx, w)
		}
		m.encodeWhole(ctx, w)
	}
	var s sorted
	if w.err == nil {
		s = m.sort(w)
	}
	m.lock()
	encoded := m.finish(w, s)
	lands := encoded && m.mayLand() // what waits for it already does so because none may
	if lands {
		m.ledger.move(c, landing)
		c.cancel = cancel
	}
	m.passed(c)
	m.unlock()
	switch {
	case lands:
		m.land(ctx, c)
	case !encoded:
		w.release()
	}
}

// release drops the encoded form, if there is one.
func (w *work) release() {
	if w.form != nil {
		w.form.Release()
		w.form = nil
	}
}

// begin makes a chunk ready to be encoded, and reports whether anybody still
// waits for it.
func (m *Manager) begin(w *work, cancel func()) bool {
	m.lock()
	defer m.unlock()
	c := w.c
	if c.state.final() {
		return false
	}
	c.cancel = cancel
	if c.announced != nil {
		if !c.wanted() {
			return false
		}
		m.ledger.hold(c, c.sorted())
	} else {
		m.ledger.hold(c, c.sorted().withoutWithdrawn())
	}
	w.runs = c.runs
	if m.cfg.MaxRecords > 0 && !c.whole() {
		w.runs, _ = c.runs.cut(m.cfg.MaxRecords, m.cfg.RecordOverhead)
	}
	return c.records > 0
}

// list makes the list of records that the encoder gets, and has it counted.
func (m *Manager) list(w *work) {
	var bytes int64
	if w.c.part.kind == DeadLetter {
		w.records, bytes = m.describe(w.runs, m.limitOf(w.c))
		bytes += int64(len(w.records)) * recordSize
	} else {
		w.records, bytes = w.runs.flat(), w.runs.copies()
	}
	m.lock()
	defer m.unlock()
	m.beside(w.c, bytes)
}

// beside sets what a chunk takes for a time beside its records.
func (m *Manager) beside(c *chunk, bytes int64) {
	if c.state.final() {
		return
	}
	m.ledger.change(c, func() {
		c.extra += bytes - c.beside
		c.beside = bytes
	})
}

// sorted is what an encoder has made of the records of a chunk.
type sorted struct {
	stored, rest runs
	refused      []refusal
	object       []record.Record // those that are stored
}

// sort finds out which records are in the object, which are refused, and which
// did not fit.
func (m *Manager) sort(w *work) sorted {
	var s sorted
	overhead := m.cfg.RecordOverhead
	taken, _ := w.runs.cut(w.result.Taken, overhead)
	_, s.rest = w.c.runs.cut(w.result.Taken, overhead)
	if len(w.result.Refused) == 0 {
		s.stored = taken
	} else {
		at := make([]int, len(w.result.Refused))
		for i, r := range w.result.Refused {
			at[i] = r.Index
		}
		var refused runs
		refused, s.stored = taken.split(at, overhead)
		s.refused = refusals(refused, w.result.Refused)
		m.judge(s.refused, w.c.part)
	}
	s.object = w.records
	if w.c.part.kind == DeadLetter || len(s.refused) > 0 || w.result.Taken < len(w.records) {
		s.object = s.stored.flat()
	}
	return s
}

// finish does with the records of a chunk what the encoder has made of them,
// and reports whether there is an object to upload. The caller holds the lock.
func (m *Manager) finish(w *work, s sorted) (uploads bool) {
	c := w.c
	switch {
	case c.state.final():
		return false // closed in the meantime
	case c.announced != nil && !c.wanted() && !m.closed:
		m.forsake(c)
		return false
	case m.closed:
		m.end(c, ErrClosed)
		return false
	case w.err != nil:
		m.lost(c, fmt.Errorf("encoding an object of partition %s: %w", template.Readable(c.part.path), w.err))
		return false
	}
	if c.announced != nil {
		return m.finishAnnounced(w, s)
	}
	m.ledger.hold(c, s.stored)
	if len(s.rest) > 0 {
		c.reason = m.cfg.Ending(w.result) // whatever made us write it
		m.putBack(c.part, s.rest)
	}
	m.expel(s.refused)
	if !c.runs.wanted() {
		m.ledger.move(c, dissolved)
		return false
	}
	if c.runs.spoiled() {
		m.giveAnother(c)
		return false
	}
	if w := m.ledger.parked[c.part]; w != nil && w.probe != c {
		m.keepAll(w, c)
		return false
	}
	m.encoded(w, s)
	return true
}

// encoded notes the encoded form of a chunk. The caller holds the lock.
func (m *Manager) encoded(w *work, s sorted) {
	c := w.c
	m.ratios.learn(c.part, c.raw, w.result.Bytes)
	m.beside(c, s.stored.copies())
	m.ledger.change(c, func() { c.bytes = w.result.Bytes })
	c.form, c.notes = w.form, w.result.Notes
	c.object = s.object
	m.ledger.move(c, encoded)
}

// passed does what is due when an encoder or an upload is done. The caller
// holds the lock.
func (m *Manager) passed(c *chunk) {
	if c.parkedIn != nil { // it was an attempt
		m.tryAt(c.parkedIn.next)
	}
	m.letIn()
	m.rollDue(time.Now())
	m.poke()
}
