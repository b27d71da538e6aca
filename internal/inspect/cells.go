package inspect

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
)

// cells reads csv as the output writes it, and tells what was quoted: package
// encoding/csv does not, and knows no backslashes.
type cells struct {
	separator byte
	backslash bool
	null      string
	in        *bufio.Reader
}

type cell struct {
	text   string
	quoted bool
}

// next returns the next row; io.EOF after the last one.
func (c *cells) next() ([]cell, error) {
	if _, err := c.in.Peek(1); err != nil {
		return nil, err
	}
	var row []cell
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
func (c *cells) cell() (value cell, last bool, err error) {
	var text strings.Builder
	inside := false
	for {
		b, err := c.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && inside:
			return value, true, errors.New("it ends within quotes")
		case errors.Is(err, io.EOF):
			value.text = text.String()
			return value, true, nil
		case err != nil:
			return value, true, err
		case b == '\\' && c.backslash:
			if b, err = c.in.ReadByte(); err != nil {
				return value, true, errors.New("it ends with an escape")
			}
			text.WriteByte(b)
		case b == '"' && inside:
			if next, _ := c.in.Peek(1); len(next) > 0 && next[0] == '"' && !c.backslash {
				_, _ = c.in.Discard(1)
				text.WriteByte('"')
				continue
			}
			inside = false
		case b == '"' && text.Len() == 0:
			inside, value.quoted = true, true
		case !inside && (b == c.separator || b == '\n'):
			value.text = text.String()
			if b == '\n' && !value.quoted {
				value.text = strings.TrimSuffix(value.text, "\r")
			}
			return value, b == '\n', nil
		case !inside && value.quoted && b == '\r': // of the end of the line
		default:
			text.WriteByte(b)
		}
	}
}

var jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$`)

// value is a cell as JSON: what is not quoted and reads like a number or a boolean is
// one.
func (c *cells) value(of cell) string {
	switch {
	case !of.quoted && of.text == c.null:
		return "null"
	case !of.quoted && (of.text == "true" || of.text == "false" || jsonNumber.MatchString(of.text)):
		return of.text
	}
	text, _ := json.Marshal(strings.ToValidUTF8(of.text, "\uFFFD")) // text can always be written
	return string(text)
}
