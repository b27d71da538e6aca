package source

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Column is one thing to know about where a record came from.
type Column uint8

// The columns, in the order that All stands for.
const (
	Topic Column = iota
	Partition
	Offset
	Timestamp
	Key
	Headers
)

// All is the word that stands for every column.
const All = "all"

// DefaultPrefix is what the names of the columns begin with unless configured.
const DefaultPrefix = "kafka_"

var columnNames = [...]string{
	Topic: "topic", Partition: "partition", Offset: "offset",
	Timestamp: "timestamp", Key: "key", Headers: "headers",
}

// ColumnNames lists the names by which configurations call the columns.
func ColumnNames() []string { return columnNames[:] }

// maxPrefix bounds the names of columns, in bytes.
const maxPrefix = 64

// Columns are the columns that are added to every record about where it came
// from. They are immutable and safe for concurrent use.
type Columns struct {
	list  []Column
	names []string
	trust Trust
	// members are the names as JSON has them in front of a value.
	members [][]byte
	// lengths tells which lengths names have, so that most fields of a record
	// need no comparison.
	lengths [maxPrefix + 16]bool
	// fixed is about the size of what is added beside topic, key and headers.
	fixed int
	keyed bool // topic, key or headers are among them
	heads bool // headers are
}

// NewColumns returns the columns of the given names, in that order, each with
// the prefix in front of its name. The word All stands for every column. No
// names give nil: no columns.
func NewColumns(names []string, prefix string) (*Columns, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if len(prefix) > maxPrefix || !isText(prefix) || strings.ContainsAny(prefix, "\t\r\n") {
		return nil, fmt.Errorf("%q is not a prefix for names: write at most %d bytes of text on one line", prefix, maxPrefix)
	}
	if slices.Contains(names, All) {
		if len(names) > 1 {
			return nil, fmt.Errorf("%q already stands for every column: remove the others", All)
		}
		names = ColumnNames()
	}
	c := &Columns{}
	for _, name := range names {
		i := slices.Index(columnNames[:], name)
		if i < 0 {
			return nil, fmt.Errorf("%q is no column: write %s, or %s", name, strings.Join(columnNames[:], ", "), All)
		}
		if slices.Contains(c.list, Column(i)) {
			return nil, fmt.Errorf("%q is named twice: remove one", name)
		}
		c.add(Column(i), prefix+name)
	}
	return c, nil
}

// Trusting returns the columns with values that are trusted in that way only;
// [AnyMetadata] is the default. Columns that are nil stay so.
func (c *Columns) Trusting(t Trust) *Columns {
	if c == nil {
		return nil
	}
	trusting := *c
	trusting.trust = t
	return &trusting
}

// sizes are about the bytes of a value as JSON text, as far as they do not
// depend on the record.
var sizes = [...]int{Topic: 2, Partition: 2, Offset: 8, Timestamp: 26, Key: 2, Headers: 4}

func (c *Columns) add(column Column, name string) {
	member := append([]byte{','}, jsonscan.AppendQuote(nil, []byte(name))...)
	member = append(member, ':')
	c.list = append(c.list, column)
	c.names = append(c.names, name)
	c.members = append(c.members, member)
	c.lengths[len(name)] = true
	c.fixed += len(member) + sizes[column]
	c.keyed = c.keyed || column == Topic || column == Key || column == Headers
	c.heads = c.heads || column == Headers
}

// Len is the number of columns; none for nil.
func (c *Columns) Len() int {
	if c == nil {
		return 0
	}
	return len(c.list)
}

// Name is the full name of the i-th column.
func (c *Columns) Name(i int) string { return c.names[i] }

// Column tells what the i-th column is.
func (c *Columns) Column(i int) Column { return c.list[i] }

// HasHeaders reports whether one of them is made of the headers.
func (c *Columns) HasHeaders() bool { return c != nil && c.heads }

// Has reports whether a field of a record has the name of a column. It costs
// next to nothing for one that has not.
func (c *Columns) Has(field []byte) bool {
	if len(field) >= len(c.lengths) || !c.lengths[len(field)] {
		return false
	}
	for _, name := range c.names {
		if name == string(field) {
			return true
		}
	}
	return false
}

// In returns an error when a parsed record has a field of the name of a
// column.
func (c *Columns) In(object map[string]any) error {
	for _, name := range c.names {
		if _, ok := object[name]; ok {
			return Taken(name)
		}
	}
	return nil
}

// Taken words the refusal of a record, or of a schema, that has a field of the
// name of a column: writing either value would lose the other.
func Taken(field string) error {
	return fmt.Errorf("there is a field %q already, the name of a column that include_source_columns adds: "+
		"rename it, leave the column out, or choose another source_column_prefix", field)
}

// Size is about the number of bytes that the columns add to a record, for the
// memory limit and for the expected size of objects.
func (c *Columns) Size(meta record.Metadata) int {
	n := c.fixed
	if meta == nil || !c.keyed {
		return n
	}
	for _, column := range c.list {
		switch column { //nolint:exhaustive // the others are of about the same size in every record
		case Topic:
			n += lengthOf(meta, record.KafkaTopic)
		case Key:
			n += lengthOf(meta, record.KafkaKey)
		}
	}
	if c.heads {
		n += headersSize(meta)
	}
	return n
}

// lengthOf is the size of what is text or bytes.
func lengthOf(meta record.Metadata, key string) int {
	v, ok := record.Lookup(meta, key)
	if !ok {
		return 0
	}
	text, _ := record.Text(v)
	return len(text)
}

// isText reports whether s is UTF-8 without control characters other than
// tabs and line ends: what people take for text.
func isText(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			return false
		}
	}
	return utf8.ValidString(s)
}
