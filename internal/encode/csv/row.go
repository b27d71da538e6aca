package csv

import (
	"strconv"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
)

// disorderly is for how many records the fields are not expected to come in
// the order of the columns, once they did not.
const disorderly = 32

// addInOrder writes the values of a document into a row as it reads them. That
// goes well as long as the fields come in the order of the columns, as they do
// in most streams. Otherwise ok is false, err nil, and no row was added.
func (t *table) addInOrder(r *record.Record) (ok bool, err error) {
	c, err := t.open(r.Raw)
	if err != nil {
		return false, err
	}
	b := t.room()
	start, dst := len(*b), *b
	last, separators, styled := int32(none), int32(0), t.styled || t.defaults
	if t.source != nil {
		dst = t.appendSource(dst, r.Meta)
		last = int32(t.reserved() - 1) // a field of that name or before is out of order
		separators = last
	}
	for prev := int32(none); ; {
		id, more, err := t.field(c, prev)
		if err == nil && !more {
			err = c.End()
		}
		if err != nil {
			return false, refusal(err)
		}
		if !more {
			break
		}
		column := t.names.all[id].column
		if column <= last {
			if column != none {
				return false, nil
			}
			if _, err := c.Skip(); err != nil {
				return false, refusal(err)
			}
			prev = id
			continue
		}
		if styled {
			dst, separators = t.appendAbsent(dst, separators, column, last), column
			dst, err = t.appendStyled(dst, c)
			if err != nil {
				return false, refusal(err)
			}
			prev, last = id, column
			continue
		}
		for ; separators < column; separators++ {
			dst = append(dst, t.separator)
		}
		if dst, err = t.appendValue(dst, c); err != nil {
			return false, refusal(err)
		}
		prev, last = id, column
	}
	width := int32(len(t.columns))
	if styled && last < width-1 {
		dst, separators = append(t.appendAbsent(dst, separators, width-1, last), t.columns[width-1].absent...), width-1
	}
	for ; separators < width-1; separators++ {
		dst = append(dst, t.separator)
	}
	t.commit(b, dst, start)
	return true, nil
}

// appendAbsent appends separators up to a column, with nulls or defaults for the
// columns after the last one that has a value.
func (t *table) appendAbsent(dst []byte, separators, column, last int32) []byte {
	for ; separators < column; separators++ {
		if separators > last {
			dst = append(dst, t.columns[separators].absent...)
		}
		dst = append(dst, t.separator)
	}
	return dst
}

// appendStyled appends the value at the cursor as a style that is not the default
// has it.
func (t *table) appendStyled(dst []byte, c *jsonscan.Cursor) ([]byte, error) {
	var value cell
	if err := t.value(c, &value); err != nil {
		return dst, err
	}
	return t.appendCell(dst, &value), nil
}

// appendValue appends the value at the cursor.
func (t *table) appendValue(dst []byte, c *jsonscan.Cursor) ([]byte, error) {
	switch c.Kind() { //nolint:exhaustive // value takes the others
	case jsonscan.String:
		if s, ok := c.TryPlain(); ok {
			return appendPlain(dst, s, t.separator), nil
		}
	case jsonscan.Number:
		if number, ok := c.TryNumber(); ok {
			return append(dst, number...), nil
		}
	case jsonscan.Null:
		if c.TryNull() {
			return dst, nil
		}
	case jsonscan.True, jsonscan.False:
		if v, ok := c.TryBool(); ok {
			return strconv.AppendBool(dst, v), nil
		}
	}
	var value cell
	if err := t.value(c, &value); err != nil {
		return dst, err
	}
	if value.form == plain {
		return appendPlain(dst, value.text, t.separator), nil
	}
	return t.appendCell(dst, &value), nil
}

// commit makes what was appended to block b since start a row.
func (t *table) commit(b *[]byte, dst []byte, start int) {
	r := row{size: uint32(len(dst) - start), columns: uint16(len(t.columns))}
	*b = t.appendLineEnd(dst)
	t.rows = append(t.rows, r)
	t.count(r, 1)
}

// appendRow writes the cells of the record that was read, in column order.
func (t *table) appendRow(meta record.Metadata) {
	b := t.room()
	start, dst := len(*b), *b
	reserved := t.reserved()
	if reserved > 0 {
		dst = t.appendSource(dst, meta)
	}
	for i := reserved; i < len(t.columns); i++ {
		if i > 0 {
			dst = append(dst, t.separator)
		}
		if id := int(t.columns[i].name); id < len(t.cells) && t.cells[id].record == t.record {
			dst = t.appendCell(dst, &t.cells[id])
		} else {
			dst = append(dst, t.columns[i].absent...)
		}
	}
	t.commit(b, dst, start)
}

// room returns the block that the next row goes into. It is likely to have
// room for it; otherwise append enlarges it.
func (t *table) room() *[]byte {
	const likely = 16 << 10
	n := len(t.blocks)
	if n == 0 || cap(t.blocks[n-1])-len(t.blocks[n-1]) < likely {
		var b []byte
		if s := len(t.spare); s > 0 {
			b, t.spare = t.spare[s-1], t.spare[:s-1]
		} else {
			b = make([]byte, 0, blockSize)
		}
		t.blocks = append(t.blocks, b)
		n++
	}
	return &t.blocks[n-1]
}
