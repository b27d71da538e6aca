package json

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// splicer adds source columns to records without parsing them into values: it
// finds the closing brace and writes members in front of it.
type splicer struct {
	columns *source.Columns
	reader  *source.Reader
	cursor  jsonscan.Cursor
	scratch []byte
	members []byte
}

func newSplicer(c *source.Columns) *splicer { return &splicer{columns: c, reader: c.NewReader()} }

// release gives up what one large record has left behind, and the last one.
func (s *splicer) release() {
	s.cursor.Reset(nil)
	if cap(s.scratch) > maxScratch {
		s.scratch = nil
	}
	if cap(s.members) > maxScratch {
		s.members = nil
	}
}

// text returns the record on one line, without its closing brace, and what
// follows instead. Both are valid until the next call. The record is valid JSON, and
// breaks says whether it has line breaks.
func (s *splicer) text(r *record.Record, breaks bool) (text, end []byte, err error) {
	var blank bool
	if r.Structured() {
		text, blank, err = s.parsed(r.Value)
	} else {
		text, blank, err = s.raw(r.Raw, breaks)
	}
	if err != nil {
		return nil, nil, err
	}
	s.members = s.reader.AppendMembers(s.members[:0], r.Meta, blank)
	return text, s.members, nil
}

// raw cuts a document in front of its closing brace.
func (s *splicer) raw(doc []byte, breaks bool) (text []byte, blank bool, err error) {
	c := &s.cursor
	c.Reset(doc)
	if kind := c.Kind(); kind != jsonscan.Object {
		return nil, false, fmt.Errorf("expected a JSON object, to which include_source_columns can add members, got %s", kind)
	}
	if blank, err = s.walk(); err != nil {
		return nil, false, err
	}
	text = doc[:c.Offset()-1]
	if breaks {
		s.scratch = jsonscan.AppendCompact(s.scratch[:0], text)
		text = s.scratch
	}
	return text, blank, nil
}

// walk reads the object that the cursor is at, to behind its closing brace,
// and reports whether it has no member.
func (s *splicer) walk() (blank bool, err error) {
	c := &s.cursor
	err = c.EnterObject()
	for blank = true; err == nil; blank = false {
		key, more, next := c.NextField()
		switch {
		case next != nil:
			err = next
		case !more:
			return blank, nil
		case s.columns.Has(key):
			return false, source.Taken(string(key))
		default:
			_, err = c.Skip()
		}
	}
	return false, fmt.Errorf("expected a JSON object: %w", err)
}

// parsed writes a value that a processor has parsed, without closing brace.
func (s *splicer) parsed(v any) (text []byte, blank bool, err error) {
	object, ok := v.(map[string]any)
	if !ok || object == nil {
		return nil, false, fmt.Errorf("expected an object, to which include_source_columns can add members, got a value of type %T", v)
	}
	if err := s.columns.In(object); err != nil {
		return nil, false, err
	}
	if s.scratch, err = jsonscan.AppendAny(s.scratch[:0], v); err != nil {
		return nil, false, fmt.Errorf("expected a value that JSON can hold: %w", err)
	}
	return s.scratch[:len(s.scratch)-1], len(object) == 0, nil
}
