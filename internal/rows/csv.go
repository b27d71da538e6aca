package rows

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// CSV is how rows are told apart: as the output writes them, and what was quoted is
// told. Package encoding/csv tells not, and knows no backslashes.
type CSV struct {
	Separator byte
	Backslash bool   // stands inside of quotes in front of a quote
	Null      string // the text for null
	In        *bufio.Reader
}

// Cell is a value of a row.
type Cell struct {
	Text   string
	Quoted bool
}

// Next returns the next row; io.EOF after the last one.
func (c *CSV) Next() ([]Cell, error) {
	if _, err := c.In.Peek(1); err != nil {
		return nil, err //nolint:wrapcheck // the caller says what was being read
	}
	var row []Cell
	for {
		value, last, err := c.cell()
		if err != nil {
			return nil, err
		}
		row = append(row, value)
		if last {
			return row, nil
		}
	}
}

// cell reads one cell with what ends it, and reports whether it is the last one of its
// row.
func (c *CSV) cell() (value Cell, last bool, err error) {
	var text strings.Builder
	inside := false
	for {
		b, err := c.In.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && inside:
			return value, true, errors.New("it ends within quotes")
		case errors.Is(err, io.EOF):
			value.Text = text.String()
			return value, true, nil
		case err != nil:
			return value, true, err
		case b == '\\' && inside && c.Backslash:
			if b, err = c.In.ReadByte(); err != nil {
				return value, true, errors.New("it ends with an escape")
			}
			text.WriteByte(b)
		case b == '"' && inside:
			if next, _ := c.In.Peek(1); len(next) > 0 && next[0] == '"' && !c.Backslash {
				_, _ = c.In.Discard(1)
				text.WriteByte('"')
				continue
			}
			inside = false
		case b == '"' && text.Len() == 0:
			inside, value.Quoted = true, true
		case !inside && (b == c.Separator || b == '\n'):
			value.Text = text.String()
			if b == '\n' && !value.Quoted {
				value.Text = strings.TrimSuffix(value.Text, "\r")
			}
			return value, b == '\n', nil
		case !inside && value.Quoted && b == '\r': // of the end of the line
		default:
			text.WriteByte(b)
		}
	}
}

var jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$`)

// Value is a cell as JSON: what is not quoted and reads like a number or a boolean is
// one.
func (c *CSV) Value(of Cell) string {
	switch {
	case !of.Quoted && of.Text == c.Null:
		return "null"
	case !of.Quoted && (of.Text == "true" || of.Text == "false" || jsonNumber.MatchString(of.Text)):
		return of.Text
	}
	return string(appendString(nil, of.Text))
}

// csv makes a record of each row, with the names in the first one or those that are
// known.
func (r *reader) csv(in *bufio.Reader, table Table) error {
	table.In = in
	names := table.Columns
	if table.Header {
		header, err := table.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the header: %w", err)
		}
		names = make([]string, len(header))
		for i := range header {
			names[i] = header[i].Text
		}
	}
	for {
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) != len(names) {
			return fmt.Errorf("the next row has %d cells, and there are %d columns", len(row), len(names))
		}
		r.line = append(r.line[:0], '{')
		for i := range row {
			r.line = appendName(r.line, names[i])
			r.line = append(r.line, table.Value(row[i])...)
		}
		r.line = append(r.line, '}')
		if err := r.hand(r.line); err != nil {
			return err
		}
	}
}
