package csv

import (
	"errors"
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/internal/capped"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Config chooses the variant of the format.
type Config struct {
	// Separator stands between values: comma, semicolon or tab. 0 is a comma.
	Separator byte
	// Header writes the names of the columns into the first line.
	Header bool
	// Gzip compresses the object.
	Gzip bool
	// GzipLevel is the compression level, 1 (fastest) to 9 (smallest); 0
	// stands for the default, 5.
	GzipLevel int
	// Null stands for null and for a field that a record does not have; empty by
	// default.
	Null string
	// Quote says which values are quoted; Minimal unless set.
	Quote Quote
	// Backslash escapes quotes, and backslashes, by a backslash instead of
	// doubling quotes.
	Backslash bool
	// GuardFormulas puts an apostrophe in front of strings that spreadsheets
	// would take for formulas.
	GuardFormulas bool
	// CRLF ends lines as Windows does.
	CRLF bool
	// Columns are added to every record, in front of its own; nil for none.
	Columns *source.Columns
	// Schema remembers the columns of each dataset, for all encoders of a
	// destination. Without one the encoder remembers them for itself.
	Schema *schema.Registry
}

// Quote says which values are quoted.
type Quote string

// Which values are quoted.
const (
	// Minimal quotes what would be misread otherwise.
	Minimal Quote = "minimal"
	// Strings quotes all strings, lists and objects as well.
	Strings Quote = "strings"
	// All quotes everything but nulls.
	All Quote = "all"
)

// New returns an encoder of CSV objects.
func New(cfg Config) encode.Encoder {
	if cfg.Separator == 0 {
		cfg.Separator = ','
	}
	registry := cfg.Schema
	if registry == nil {
		registry, _ = schema.New(schema.Config{}) // the defaults are right
	}
	e := &encoder{table: newTable(&cfg, registry), registry: registry}
	if cfg.Gzip {
		e.stream = capped.NewGzip(cfg.GzipLevel)
		e.sample = capped.NewGzip(cfg.GzipLevel)
	}
	return e
}

// encoder turns records into rows of a table first, because the columns are
// known only then, and writes the table at the end.
type encoder struct {
	registry *schema.Registry
	object
	table   *table
	stream  *capped.Stream // nil without compression
	sample  *capped.Stream
	ratio   float64 // compressed to plain size of the last object; 0 at first
	held    []byte
	line    []byte
	refused []encode.Refusal
	change  int // the record whose columns the object cannot have; 0 for none
}

// maxText bounds the memory for the text of one object, whatever the limit.
// Sparse rows of a wide table are much longer than the records they come from.
const maxText = 1 << 30

var errNoColumns = errors.New("expected at least one field: no record of the object has any, so it would have no columns")

// Encode implements encode.Encoder.
func (e *encoder) Encode(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	res, err := e.encode(w, records, limit)
	for errors.Is(err, errMoved) {
		// Another encoder gave columns to the dataset meanwhile. Now it has those
		// of both, and this object is written with all of them.
		res, err = e.encode(w, records, limit)
	}
	e.table.release()
	e.object = object{}
	if err != nil {
		return encode.Result{}, fmt.Errorf("writing a CSV object: %w", err)
	}
	return res, nil
}

// encodePlain reads records while the object stays under the limit: its size
// is known exactly after each, whatever columns the record added.
func (e *encoder) encodePlain(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	e.scan(records, e.skipped(), func() bool {
		size := e.table.size()
		return limit > 0 && size > limit || size > maxText
	})
	if e.table.empty() {
		return e.withoutRows(), nil
	}
	res := e.result(e.table.rowCount())
	err := e.settle()
	if err == nil {
		res.Bytes, err = e.table.writeTo(w)
	}
	return res, err
}

// scan appends records to the table, from index on, until the object is
// complete. Once full reports true the row added last is taken back, unless
// it is the only one. scan returns the index of the first record not read.
func (e *encoder) scan(records []record.Record, index int, full func() bool) int {
	for ; index < len(records); index++ {
		rec := &records[index]
		if rec.Dataset != e.dataset || e.perRecord && e.stranger(rec) {
			e.change = index
			return index
		}
		err := error(nil)
		if e.check != nil {
			err = e.check.Check(rec)
		}
		if err == nil {
			err = e.table.add(rec)
		}
		switch {
		case err != nil:
			e.refused = append(e.refused, encode.Refusal{Index: index, Err: err})
		case full() && e.table.rowCount() > 1:
			e.table.truncate(e.table.rowCount() - 1)
			return index
		}
	}
	return index
}

// result describes an object of the first rows of the table. Refused records
// that follow the last row are taken with it.
func (e *encoder) result(rows int) encode.Result {
	res := encode.Result{Rows: rows, Taken: rows, Notes: encode.Notes{Whole: !e.table.broken}}
	for _, r := range e.refused {
		if r.Index > res.Taken {
			break
		}
		res.Taken++
		res.Refused = append(res.Refused, r)
	}
	if e.change > 0 && res.Taken == e.change {
		res.Stopped = encode.SchemaChanged
	}
	return res
}

// withoutRows refuses the rows of a table that has none, or no columns.
func (e *encoder) withoutRows() encode.Result {
	n := e.table.rowCount() + len(e.refused)
	res := encode.Result{Taken: n, Refused: make([]encode.Refusal, 0, n)}
	next := e.refused
	for i := range n {
		if len(next) > 0 && next[0].Index == i {
			res.Refused = append(res.Refused, next[0])
			next = next[1:]
			continue
		}
		res.Refused = append(res.Refused, encode.Refusal{Index: i, Err: errNoColumns})
	}
	return res
}
