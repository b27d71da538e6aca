package chunk

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// attempt encodes the records of a chunk.
func (m *Manager) attempt(ctx context.Context, w *work) {
	m.list(w)
	w.form, w.result, w.err = m.tester().try(ctx, w.c.part.kind, w.records, m.limitOf(w.c))
}

// tester encodes records to see what becomes of them.
type tester struct {
	cfg  *Config
	pipe Encoding
}

func (m *Manager) tester() tester { return tester{&m.cfg, m.pipe} }

// try runs an encoder and checks what it says. A panic is an error of these
// records.
func (t tester) try(ctx context.Context, kind Kind, records []record.Record, limit int64) (form Encoded, res encode.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			t.cfg.Observer.Panicked(v, debug.Stack())
			form, res, err = nil, encode.Result{}, fmt.Errorf("the encoder panicked: %v", v)
		}
	}()
	form, res, err = t.pipe.Encode(ctx, kind, records, limit)
	if err == nil {
		err = verify(form, res, len(records))
	}
	if err != nil && form != nil {
		form.Release()
		form = nil
	}
	return form, res, err
}

// verify compares what an encoder says with itself: a record that it forgot
// would be acknowledged without being stored.
func verify(form Encoded, res encode.Result, given int) error {
	if res.Taken <= 0 || res.Taken > given {
		return fmt.Errorf("encoder took %d of %d records", res.Taken, given)
	}
	last := -1
	for _, r := range res.Refused {
		switch {
		case r.Index <= last || r.Index >= res.Taken:
			return fmt.Errorf("encoder took %d records and refused record %d after record %d", res.Taken, r.Index, last)
		case r.Err == nil:
			return fmt.Errorf("encoder refused record %d without a reason", r.Index)
		}
		last = r.Index
	}
	switch {
	case res.Rows != res.Taken-len(res.Refused):
		return fmt.Errorf("encoder took %d records, refused %d and wrote %d", res.Taken, len(res.Refused), res.Rows)
	case (form == nil) != (res.Rows == 0):
		return fmt.Errorf("encoder wrote %d records and an object: %t", res.Rows, form != nil)
	}
	return nil
}

// narrow finds the records for which an encoder fails, applies the policy for
// bad records to them, and encodes the others. If it fails again, the error is
// that of all.
func (m *Manager) narrow(ctx context.Context, w *work) {
	var culprits []encode.Refusal
	m.tester().halve(ctx, w.c.part.kind, w.records, 0, &culprits)
	if ctx.Err() != nil {
		return
	}
	if len(culprits) == 0 {
		m.attempt(ctx, w) // once more: it may have passed
		return
	}
	at := make([]int, len(culprits))
	for i, c := range culprits {
		at[i] = c.Index
	}
	bad, good := w.runs.split(at, m.cfg.RecordOverhead)
	_, all := w.c.runs.split(at, m.cfg.RecordOverhead)
	refused := refusals(bad, culprits)
	m.judge(refused, w.c.part)
	if !m.without(w, all, good, refused) {
		return
	}
	m.attempt(ctx, w)
}

// without takes refused records out of a chunk, and reports whether any are
// left.
func (m *Manager) without(w *work, all, good runs, refused []refusal) bool {
	m.lock()
	defer m.unlock()
	if w.c.state.final() {
		return false
	}
	m.ledger.hold(w.c, all)
	if a := w.c.announced; a != nil {
		a.whole = true // nothing is divided any more: they are refused with what is
		w.expelled = refused
	} else {
		m.expel(refused)
	}
	w.runs, w.records, w.err = good, nil, nil
	return len(good) > 0
}

// halve encodes both halves of records for which an encoder failed, and looks
// closer where it fails again. A record is to blame if it fails twice: an error
// that passes is not its own.
func (t tester) halve(ctx context.Context, kind Kind, records []record.Record, offset int, culprits *[]encode.Refusal) {
	if len(records) == 1 {
		if err := t.tryAll(ctx, kind, records); err != nil {
			*culprits = append(*culprits, encode.Refusal{Index: offset, Err: fmt.Errorf("encoding the record: %w", err)})
		}
		return
	}
	middle := len(records) / 2
	for _, half := range [][2]int{{0, middle}, {middle, len(records)}} {
		part := records[half[0]:half[1]]
		if t.tryAll(ctx, kind, part) != nil {
			t.halve(ctx, kind, part, offset+half[0], culprits)
		}
	}
}

// tryAll encodes records for nothing but the errors, until the context ends.
func (t tester) tryAll(ctx context.Context, kind Kind, records []record.Record) error {
	for len(records) > 0 && ctx.Err() == nil {
		form, res, err := t.try(ctx, kind, records, t.cfg.capOf(kind))
		if err != nil {
			return err
		}
		if form != nil {
			form.Release()
		}
		records = records[res.Taken:]
	}
	return nil
}

func refusals(rs runs, of []encode.Refusal) []refusal {
	all := make([]refusal, len(rs))
	for i := range rs {
		all[i] = refusal{run: rs[i], reason: of[i].Err}
	}
	return all
}
