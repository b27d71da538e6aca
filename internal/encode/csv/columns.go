package csv

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// errHalves says that names cannot be told apart, so that a value would be lost.
var errHalves = errors.New("the record has the same field twice, or two whose names are the same once escapes of half a character (lone surrogates) are replaced")

var errNoRoom = errors.New("there is no room for one more column: the limit of columns is reached")

// begin gives the columns of a schema to a table that has none: first those about
// where records come from, which values of records never fill.
func (t *table) begin(known *schema.Schema) {
	t.truncateColumns(0)
	if t.names.tooMany() {
		t.names.reset()
		t.cells, t.record = nil, 0
	}
	t.known = known
	t.taken, t.folded, t.defaults = make(map[string]bool), make(map[string]int32), false
	for i := range t.reserved() {
		name := t.source.columns.Name(i)
		t.addColumn(t.names.id([]byte(name)), schema.Distinct(name, t.taken), none)
	}
	for i := range known.Fields {
		f := &known.Fields[i]
		t.addColumn(t.names.id([]byte(f.Name)), schema.Distinct(f.ColumnName(), t.taken), none)
		if f.Default != nil {
			t.columns[len(t.columns)-1].absent = t.defaultCell(f)
			t.defaults = true
		}
	}
	t.ready = len(t.columns)
}

// addColumn makes a name a column, which a row has brought in.
func (t *table) addColumn(id int32, header string, row int32) {
	n := &t.names.all[id]
	n.column = int32(len(t.columns))
	if fold := strings.ToLower(n.text); t.folded[fold] == 0 {
		t.folded[fold] = id + 1
	}
	t.headerSize += t.headerCost(header)
	t.columns = append(t.columns, column{name: id, firstRow: row, header: header, absent: t.null})
}

// defaultCell is the cell of a record that lacks a field with a default.
func (t *table) defaultCell(f *schema.Field) string {
	var c cell
	t.arena = t.arena[:0]
	_ = t.parsed(f.Default, &c) // which was checked when it was declared
	return string(t.appendCell(nil, &c))
}

// headerCost is what a column adds to the line of names, when it is the last one.
func (t *table) headerCost(header string) int64 {
	t.escape = t.appendString(t.escape[:0], []byte(header))
	if len(t.columns) > 0 {
		return int64(len(t.escape)) + 1
	}
	return int64(len(t.escape))
}

func (t *table) truncateColumns(n int) {
	if len(t.columns) <= n {
		return
	}
	for i := len(t.columns) - 1; i >= n; i-- {
		c := &t.columns[i]
		name := &t.names.all[c.name]
		name.column = none
		delete(t.taken, strings.ToLower(c.header))
		if fold := strings.ToLower(name.text); t.folded[fold] == c.name+1 {
			delete(t.folded, fold)
		}
		t.columns = t.columns[:i]
		t.headerSize -= t.headerCost(c.header)
		t.left++
	}
	for _, id := range t.aliases { // those that are still wanted are found again
		t.names.all[id].column = none
	}
	t.aliases = t.aliases[:0]
}

// added returns the columns that the rows brought in.
func (t *table) added() []schema.Named {
	var added []schema.Named
	for _, c := range t.columns[t.ready:] {
		added = append(added, schema.Named{Name: t.names.all[c.name].text, Column: c.header})
	}
	return added
}

// want makes the name a column unless it is one, or is to be left out. kind is
// that of the value.
func (t *table) want(id int32, kind jsonscan.Kind) error {
	n := &t.names.all[id]
	switch {
	case n.column != none || t.without[n.text]:
		return nil
	case t.unknown == schema.Drop || t.unknown == schema.RejectField && kind == jsonscan.Null:
		return nil
	case t.unknown == schema.RejectField:
		return fmt.Errorf("the schema has no field %q", n.text)
	}
	if other := t.folded[strings.ToLower(n.text)] - 1; other >= 0 && t.collision != schema.Suffix {
		if t.collision == schema.RejectName || int(other) < t.reserved() {
			return fmt.Errorf("the field %q differs from %q only in case, and on_case_collision is reject", n.text, t.names.all[other].text)
		}
		n.column = t.names.all[other].column
		t.aliases = append(t.aliases, id)
		return nil
	}
	if !utf8.ValidString(n.text) {
		return fmt.Errorf("the name of the field %q is not UTF-8", n.text)
	}
	if t.left <= 0 {
		return fmt.Errorf("the field %q: %w", n.text, errNoRoom)
	}
	t.left--
	t.addColumn(id, schema.Distinct(n.text, t.taken), int32(len(t.rows)))
	return nil
}

// fill returns the cell that a value of a name goes to, which shares its column
// with other names where these differ only in case.
func (t *table) fill(id int32) (*cell, error) {
	if int(id) < t.reserved() {
		return nil, source.Taken(t.source.columns.Name(int(id)))
	}
	at := t.columns[t.names.all[id].column].name
	if int(at) < len(t.cells) && t.cells[at].record == t.record {
		old := t.cells[at].by
		if old == id && t.halves {
			return nil, errHalves
		}
		if old != id {
			return nil, fmt.Errorf("the fields %q and %q differ only in case, and share a column: a record may have only one of them",
				t.names.all[old].text, t.names.all[id].text)
		}
	}
	c := t.cell(at)
	c.by = id
	return c, nil
}
