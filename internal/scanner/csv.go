package scanner

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// where is the state of a reader inside of a row.
type where uint8

const (
	atValue where = iota // a value begins
	plain                // in a value without quotes
	quoted               // in one with quotes
	closing              // behind a quote in such a value: its end, or the first of two
)

// rows cuts CSV as in RFC 4180 and makes JSON objects of the rows.
type rows struct {
	separator byte
	looked    int
	where     where
	bad       error // what is wrong with the quotes of the row

	header []byteRange // of each column: what stands before its value
	names  []byte
	values [][]byte
	spare  []byte // values without doubled quotes
	slab   slab
	long   []byte // an object that is too long for the slab
}

// byteRange is a part of a text.
type byteRange struct{ from, to int }

var (
	errBareQuote  = errors.New("a quote stands inside of a value that does not begin with one")
	errAfterQuote = errors.New("something stands between the quote that ends a value and the separator")
	errOpenQuote  = errors.New("a quote is not closed before the end of the file")
)

func (r *rows) split(data []byte, end bool) (piece, error) {
	length, used := r.row(data, end)
	if used == 0 {
		return piece{}, nil
	}
	bad := r.bad
	r.looked, r.where, r.bad = 0, atValue, nil
	row := bytes.TrimSuffix(data[:length:length], []byte{'\r'})
	if len(row) == 0 {
		return piece{used: used}, nil
	}
	if bad == nil {
		r.cells(row)
	}
	if r.header == nil {
		if bad != nil {
			return piece{}, fmt.Errorf("reading the header: %w", bad)
		}
		return piece{used: used, length: len(row)}, r.name()
	}
	if bad == nil && len(r.values) != len(r.header) {
		bad = fmt.Errorf("the row has %d values, and the header has %d columns", len(r.values), len(r.header))
	}
	if bad != nil {
		return piece{used: used, record: r.refused(row), length: len(row), refused: bad}, nil //nolint:nilerr // the output refuses the row, alone
	}
	return piece{used: used, record: r.object(row), length: len(row)}, nil
}

// row finds the end of a row: its length, and with the line end. used is 0 where
// more has to be read to tell.
func (r *rows) row(data []byte, end bool) (length, used int) {
	for i := r.looked; i < len(data); i++ {
		c := data[i]
		switch {
		case r.where == quoted:
			if c == '"' {
				r.where = closing
			}
		case c == '\n':
			return i, i + 1
		case c == r.separator:
			r.where = atValue
		case c == '"':
			r.quote()
		case c == '\r' && i+1 < len(data) && data[i+1] == '\n', c == '\r' && i+1 == len(data) && end:
		case c == '\r' && i+1 == len(data):
			r.looked = i // it belongs to the line end, or not
			return 0, 0
		case r.where == closing:
			r.bad, r.where = errAfterQuote, plain
		default:
			r.where = plain
		}
	}
	r.looked = len(data)
	if !end {
		return 0, 0
	}
	if r.where == quoted {
		r.bad = errOpenQuote
	}
	return len(data), len(data)
}

// quote goes on behind a quote that is not inside of quotes.
func (r *rows) quote() {
	switch r.where {
	case atValue, closing:
		r.where = quoted
	default:
		if r.bad == nil {
			r.bad = errBareQuote
		}
	}
}

// cells sets values to those of a row whose quotes are right. They are valid
// until the next row.
func (r *rows) cells(row []byte) {
	r.values, r.spare = r.values[:0], r.spare[:0]
	for {
		if len(row) > 0 && row[0] == '"' {
			var value []byte
			value, row = r.unquoted(row[1:])
			r.values = append(r.values, value)
			if len(row) == 0 {
				return
			}
			row = row[1:]
			continue
		}
		i := bytes.IndexByte(row, r.separator)
		if i < 0 {
			r.values = append(r.values, row)
			return
		}
		r.values = append(r.values, row[:i])
		row = row[i+1:]
	}
}

// unquoted is a value behind its first quote, and what follows its last one.
func (r *rows) unquoted(row []byte) (value, rest []byte) {
	from := len(r.spare)
	for {
		i := bytes.IndexByte(row, '"')
		if i+1 == len(row) || row[i+1] != '"' {
			if from == len(r.spare) {
				return row[:i], row[i+1:]
			}
			r.spare = append(r.spare, row[:i]...)
			return r.spare[from:], row[i+1:]
		}
		r.spare = append(r.spare, row[:i+1]...)
		row = row[i+2:]
	}
}

// name takes the values of the first row for the names of columns.
func (r *rows) name() error {
	known := map[string]bool{}
	for i, value := range r.values {
		if len(value) == 0 {
			return fmt.Errorf("reading the header: column %d has no name: name it, or remove the column", i+1)
		}
		if known[string(value)] {
			return fmt.Errorf("reading the header: two columns are called %q: rename one", value)
		}
		known[string(value)] = true
		from := len(r.names)
		r.names = append(r.names, ',')
		if i == 0 {
			r.names[from] = '{'
		}
		r.names = append(jsonscan.AppendQuote(r.names, value), ':')
		r.header = append(r.header, byteRange{from, len(r.names)})
	}
	return nil
}

// worst is how many bytes a byte of a value becomes in JSON, at most.
const worst = len(`\u0000`)

// spoilt is the part of a slab that may be left over when another one is begun. It
// stays in memory with the records of the slab.
const spoilt = 4

// object is the row as a JSON object.
func (r *rows) object(row []byte) []byte {
	most := len(r.names) + 2*len(r.header) + worst*len(row) + 1
	if most > r.slab.size/spoilt {
		r.long = r.append(r.long[:0])
		return bytes.Clone(r.long)
	}
	return r.slab.take(r.append(r.slab.room(most)))
}

func (r *rows) append(dst []byte) []byte {
	for i, h := range r.header {
		dst = append(dst, r.names[h.from:h.to]...)
		dst = jsonscan.AppendQuote(dst, r.values[i])
	}
	return append(dst, '}')
}

// refused is a bad row as it is: no reader takes it for an object. One that
// might be becomes JSON text.
func (r *rows) refused(row []byte) []byte {
	if !bytes.HasPrefix(row[space(row):], []byte{'{'}) { // white space alone is no object either
		return row
	}
	return jsonscan.AppendQuote(nil, row)
}

// slab is memory for what is not in a block as it is needed.
type slab struct {
	free []byte
	size int
}

// room returns room for so many bytes, empty.
func (s *slab) room(n int) []byte {
	if cap(s.free) < n {
		s.free = make([]byte, 0, max(n, s.size))
	}
	return s.free[:0]
}

// take keeps what was appended to the room.
func (s *slab) take(used []byte) []byte {
	s.free = s.free[len(used):cap(s.free)][:0]
	return used[:len(used):len(used)]
}
