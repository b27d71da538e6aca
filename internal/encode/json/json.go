// Package json writes objects of JSON records: one record a line, or all in
// one array. Records that arrived as JSON bytes are checked and passed through
// untouched; they are never parsed into values. Only escapes of half a character
// are replaced.
//
// A record that contains line breaks between its tokens is written without
// white space, because readers of JSON lines (Athena, Spark, Snowflake, DuckDB)
// split at every line break. What is not valid JSON is refused. Where it is
// strict, a record must be an object that is not nested too deep, and a field
// that it has twice is written once; otherwise it may be any JSON value. With
// source columns a record must be an object: they become its last members, in
// front of the closing brace of the bytes as they came.
package json

import (
	"bytes"
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/internal/capped"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Layout says how the records of an object are put together.
type Layout uint8

const (
	// Lines puts each record on a line of its own (NDJSON).
	Lines Layout = iota
	// Array makes the object one JSON array, with one record a line.
	Array
)

// Config chooses the variant of the format.
type Config struct {
	Layout Layout
	// Gzip compresses the object.
	Gzip bool
	// GzipLevel is the compression level, 1 (fastest) to 9 (smallest); 0
	// stands for the default, 5.
	GzipLevel int
	// InvalidUnicode is ReplaceUnicode unless set.
	InvalidUnicode InvalidUnicode
	// Strict takes only objects, nested at most jsonscan.StrictDepth deep, in which
	// every name is there once.
	Strict bool
	// DuplicateKeys is LastKey unless set. It acts with Strict.
	DuplicateKeys DuplicateKeys
	// Without are the top-level fields that are left out.
	Without []string
	// Columns are added to every record, which must be an object, as its last
	// members; nil for none.
	Columns *source.Columns
}

// New returns an encoder of JSON objects.
func New(cfg Config) encode.Encoder {
	e := &encoder{stream: capped.NewPlain(), unicode: cfg.InvalidUnicode}
	if len(cfg.Without) > 0 {
		e.cutter = &cutter{names: cfg.Without}
	}
	if cfg.Columns != nil {
		e.source = newSplicer(cfg.Columns)
	}
	e.checker, e.strict, e.duplicates = jsonscan.NewChecker(), cfg.Strict, cfg.DuplicateKeys
	if cfg.Strict {
		e.checker = jsonscan.NewStrict()
	}
	if cfg.Gzip {
		e.stream = capped.NewGzip(cfg.GzipLevel)
	}
	e.first, e.next, e.after = nil, nil, []byte("\n")
	if cfg.Layout == Array {
		e.first, e.next, e.after, e.tail = []byte("[\n"), []byte(",\n"), nil, []byte("\n]\n")
	}
	return e
}

// encoder puts each record between a lead (first or next) and after, and the
// tail behind the last one.
type encoder struct {
	stream                   *capped.Stream
	first, next, after, tail []byte
	scratch                  []byte
	source                   *splicer // nil without columns
	cutter                   *cutter  // nil when nothing is left out

	checker    *jsonscan.Checker
	strict     bool // only objects are taken, with each field once
	duplicates DuplicateKeys
	unicode    InvalidUnicode
	halves     bool          // a record of the object had an escape of half a character
	own        record.Record // the record being written, where it is not as it came
	replaced   []byte        // its text
}

// maxScratch is how much memory one large record may leave behind.
const maxScratch = 1 << 20

// Encode implements encode.Encoder.
func (e *encoder) Encode(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	var res encode.Result
	e.stream.Reset(w, limit, len(e.tail))
	e.halves = false
	lead := e.first
	for i := range records {
		var text, end []byte
		rec, found, err := e.checked(e.cut(&records[i]))
		switch {
		case err != nil:
		case e.source == nil:
			text, err = e.text(rec, found.Breaks)
		default:
			text, end, err = e.source.text(rec, found.Breaks)
		}
		if err != nil {
			res.Refused = append(res.Refused, encode.Refusal{Index: i, Err: err})
			continue
		}
		if !e.stream.Add(lead, text, end, e.after) {
			break
		}
		res.Taken = i + 1
		res.Rows++
		if found.Twice {
			res.Twice++
		}
		lead = e.next
	}
	if !e.stream.Full() {
		res.Taken = len(records)
	} else if n := len(res.Refused); n > 0 {
		res.Taken = max(res.Taken, res.Refused[n-1].Index+1)
	}
	if cap(e.scratch) > maxScratch {
		e.scratch = nil
	}
	if e.own = (record.Record{}); cap(e.replaced) > maxScratch {
		e.replaced = nil
	}
	e.cutter.release()
	if e.source != nil {
		e.source.release()
	}
	res.Whole = !e.halves
	var err error
	if res.Bytes, err = e.stream.Close(e.tail); err != nil {
		return encode.Result{}, fmt.Errorf("writing a JSON object: %w", err)
	}
	return res, nil
}

// text returns the record as one line of JSON, valid until the next call. breaks
// says whether it has line breaks.
func (e *encoder) text(r *record.Record, breaks bool) ([]byte, error) {
	if r.Structured() {
		var err error
		if e.scratch, err = jsonscan.AppendAny(e.scratch[:0], r.Value); err != nil {
			return nil, fmt.Errorf("expected a value that JSON can hold: %w", err)
		}
		return e.scratch, nil
	}
	text := r.Raw
	if !breaks {
		return text, nil
	}
	// Most often it is only the line break at the end of the record.
	if text = bytes.Trim(text, " \t\r\n"); !bytes.ContainsAny(text, "\r\n") {
		return text, nil
	}
	e.scratch = jsonscan.AppendCompact(e.scratch[:0], text)
	return e.scratch, nil
}
