package partition

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Pass assigns the records of one batch. It is not safe for concurrent use and
// must be returned with End.
type Pass struct {
	a         *Assigner
	executors []*service.MessageBatchInterpolationExecutor
	only      []byte // the path of all records, where they have one; nil until it is known
	given     template.Values

	cursor  jsonscan.Cursor
	answers []found
	order   *order
	again   recurrences
	text    []byte   // the values of one record, one behind the other
	ends    []int    // where they end in text
	values  [][]byte // slices of text
	paths   paths
	dataset lastDataset

	date lastDate
}

func (a *Assigner) newPass() *Pass {
	p := &Pass{
		a:         a,
		executors: make([]*service.MessageBatchInterpolationExecutor, len(a.slow)),
		answers:   make([]found, len(a.lookup.paths)),
		order:     a.lookup.order(),
		again:     a.lookup.again(),
		paths:     paths{seed: maphash.MakeSeed()},
		ends:      make([]int, len(a.variables)),
		values:    make([][]byte, len(a.variables)),
	}
	p.given.Variables = p.values
	return p
}

// ReadsMessages reports whether a Pass reads the messages of its batch: whether an
// expression is one of Bloblang's. Else Begin needs none.
func (a *Assigner) ReadsMessages() bool { return len(a.slow) > 0 }

// Begin starts the assignment of a batch. The clock is read here, once: all
// records of a call share one today.
func (a *Assigner) Begin(batch service.MessageBatch) *Pass {
	p := a.passes.Get().(*Pass)
	p.only = nil
	if a.needToday {
		p.given.Today = template.DateOf(a.now().In(a.location))
	}
	if len(a.slow) > 0 {
		// Bloblang leaves the parsed document on the message it reads. On a
		// shallow copy that is garbage after this call; on the original it
		// would stay until the record is acknowledged.
		shallow := batch.Copy()
		for _, m := range shallow {
			record.EachSentinel(m, m.MetaDelete)
		}
		for i, e := range a.slow {
			p.executors[i] = shallow.InterpolationExecutor(e)
		}
	}
	return p
}

// maxKeptText bounds what one huge value may leave behind in the pool.
const maxKeptText = 64 << 10

// End returns the pass. Neither it nor a path it handed out may be used after.
func (p *Pass) End() {
	clear(p.executors)
	clear(p.answers)
	p.cursor.Reset(nil)
	if cap(p.text) > maxKeptText {
		p.text = nil
		clear(p.values)
	}
	p.a.passes.Put(p)
}

// Assign returns the partition path of the i-th record of the batch, valid
// until the next call. An error concerns this record alone: ErrMissingDate,
// ErrInvalidDate, ErrMissingVariable, template.ErrKeyTooLong, a payload that is not JSON where a
// field of it is needed, or a Bloblang expression that fails.
func (p *Pass) Assign(i int, rec *record.Record) ([]byte, error) {
	a := p.a
	if len(p.answers) > 0 && !rec.Structured() {
		if err := a.lookup.find(&p.cursor, rec.Raw, p.answers, p.order, &p.again); err != nil {
			return nil, fmt.Errorf("reading record: %w", err)
		}
	}
	if p.only != nil {
		return p.only, nil
	}
	if err := p.evaluate(i, rec); err != nil {
		return nil, err
	}
	v := &p.given
	if a.needDate {
		date, err := p.recordDate(i, rec)
		if err != nil {
			return nil, err
		}
		v.Date = date
	}
	path, err := p.path(v)
	if err == nil && len(a.variables) == 0 && !a.needDate {
		p.only = path
	}
	return path, err
}

// path returns the path with the values of a record, which are in text.
func (p *Pass) path(v *template.Values) ([]byte, error) {
	r := p.paths.at(p.text, v)
	if r.is(p.text, p.ends, v) {
		return r.path, nil
	}
	r.known = false
	path, err := p.a.layout.AppendPath(r.path[:0], *v)
	if err != nil {
		return nil, err
	}
	r.note(path, p.text, p.ends, v)
	return path, nil
}

// evaluate renders the variables. They are sliced only when all are there,
// because text may move while it grows.
func (p *Pass) evaluate(i int, rec *record.Record) error {
	text := p.text[:0]
	for slot := range p.a.variables {
		start := len(text)
		extended, whole, err := p.append(text, &p.a.variables[slot], i, rec)
		if err != nil {
			return fmt.Errorf("rendering {{%s}}: %w", p.a.names[slot], err)
		}
		if text = extended; p.a.demand && (!whole || len(text) == start) {
			return fmt.Errorf("rendering {{%s}}: %w, and on_missing_variable is reject", p.a.names[slot], ErrMissingVariable)
		}
		p.ends[slot] = len(text)
	}
	start := 0
	for slot, end := range p.ends {
		p.values[slot] = text[start:end]
		start = end
	}
	p.text = text
	return nil
}

// append appends what an expression renders to, or nothing for null. whole is
// false when a part of it is missing, null or empty.
func (p *Pass) append(dst []byte, e *expression, i int, rec *record.Record) (out []byte, whole bool, err error) {
	if e.slow != nil {
		text, err := p.executors[e.index].TryBytes(i)
		if err != nil || string(text) == "null" {
			return dst, false, err
		}
		return append(dst, text...), true, nil
	}
	whole = true
	for n := range e.pieces {
		extended, present, err := p.appendPiece(dst, &e.pieces[n], rec)
		if err != nil {
			return dst, false, err
		}
		whole = whole && len(extended) > len(dst)
		if present {
			dst = extended
		} else if len(e.pieces) > 1 {
			dst = append(dst, "null"...)
		}
	}
	return dst, whole, nil
}

// appendPiece appends what a piece renders to; present is false for null.
func (p *Pass) appendPiece(dst []byte, q *piece, rec *record.Record) (out []byte, present bool, err error) {
	switch q.form {
	case formLiteral:
		return append(dst, q.text...), true, nil
	case formMeta, formMetadata:
		return appendMeta(dst, q, rec.Meta)
	default: // a field of the record
	}
	if rec.Structured() {
		value := search(rec.Value, q.path)
		if value == nil {
			return dst, false, nil
		}
		if q.form == formJSON {
			return appendSanitized(dst, value)
		}
		out, err = record.AppendText(dst, value)
		return out, true, err
	}
	answer := &p.answers[q.slot]
	if answer.plain {
		return append(dst, answer.text()...), true, nil
	}
	if answer.kind == jsonscan.Invalid || answer.kind == jsonscan.Null {
		return dst, false, nil
	}
	out, err = appendFound(dst, answer.raw, answer.kind, q.form == formThis)
	return out, true, err
}

func appendMeta(dst []byte, q *piece, meta record.Metadata) (out []byte, present bool, err error) {
	value, ok := record.Lookup(meta, q.text)
	if !ok {
		return dst, false, nil
	}
	out, err = record.AppendText(dst, value)
	// meta("x") knows text only, and takes an empty one for an absent one.
	return out, err == nil && (q.form == formMetadata || len(out) > len(dst)), err
}

// recordDate returns the record's own date, or today's where that is allowed.
func (p *Pass) recordDate(i int, rec *record.Record) (template.Date, error) {
	text, err := p.dateText(i, rec)
	if err != nil {
		return template.Date{}, err
	}
	if date, ok := p.date.of(text); ok {
		return date, nil
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return p.missingDate()
	}
	date, err := p.a.dates.parse(text)
	if errors.Is(err, ErrMissingDate) {
		return p.missingDate()
	}
	if err != nil {
		return template.Date{}, fmt.Errorf("reading date_field %s: %w", p.a.dateField, err)
	}
	p.date.note(text, date, &p.a.dates)
	return date, nil
}

// dateText returns the text of the record's date, empty where there is none. It is
// valid until the next record.
func (p *Pass) dateText(i int, rec *record.Record) ([]byte, error) {
	e := p.a.date
	if e == nil {
		return nil, nil
	}
	if len(e.pieces) == 1 && len(e.pieces[0].path) > 0 && !rec.Structured() {
		if answer := &p.answers[e.pieces[0].slot]; answer.plain {
			return answer.text(), nil
		}
	}
	extended, _, err := p.append(p.text, e, i, rec)
	if err != nil {
		return nil, fmt.Errorf("reading date_field %s: %w", p.a.dateField, err)
	}
	text := extended[len(p.text):]
	// Growth is kept for the next record; p.values stay valid where they are.
	p.text = extended[:len(p.text)]
	return text, nil
}

// missingDate is today where that stands for a missing date.
func (p *Pass) missingDate() (template.Date, error) {
	if p.a.onMissing == MissingToday {
		return p.given.Today, nil
	}
	return template.Date{}, p.a.missing
}
