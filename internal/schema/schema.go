package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/source"
)

// Type is the type of a field.
type Type uint8

// The types of fields. Unknown is a field of which nothing was seen that decides
// for a type: nulls, and lists and objects without a value in them. It never
// occurs in a Schema.
const (
	Unknown Type = iota
	Bool
	Int32
	Int64
	Float // of 32 bits
	Double
	String
	Bytes
	Timestamp // microseconds since the Unix epoch, UTC
	Date      // days since the Unix epoch
	Time      // microseconds since midnight
	Decimal   // an unscaled integer of Precision digits, Scale of them fractional
	UUID
	JSON // any JSON value, as its text
	Group
	List
	Map // an object whose names are data: text to values of one type
)

var typeNames = [...]string{
	Unknown: "unknown", Bool: "bool", Int32: "int32", Int64: "int64", Float: "float", Double: "double",
	String: "string", Bytes: "bytes", Timestamp: "timestamp", Date: "date", Time: "time",
	Decimal: "decimal", UUID: "uuid", JSON: "json", Group: "group", List: "list", Map: "map",
}

// String returns the name by which configurations call the type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

// ParseType returns the type of the given name, and whether there is one.
func ParseType(name string) (Type, bool) {
	for t, n := range typeNames {
		if n == name && Type(t) != Unknown {
			return Type(t), true
		}
	}
	return Unknown, false
}

// Unit says what a bare number means in a field of type Timestamp or Time.
type Unit uint8

// The units of bare numbers. NoUnit refuses them: a guess would be wrong by a
// factor of a thousand for somebody.
const (
	NoUnit Unit = iota
	Seconds
	Millis
	Micros
	Nanos
)

var unitNames = [...]string{NoUnit: "", Seconds: "seconds", Millis: "millis", Micros: "micros", Nanos: "nanos"}

// Field describes one column, or one group or list of columns.
type Field struct {
	// Name is the field's name in the records. The element of a list and the value
	// of a map have none.
	Name string
	// Type is the field's type.
	Type Type
	// ID is the number by which files name the field, from 1; 0 for none.
	ID int
	// Optional fields may be null or missing.
	Optional bool
	// Default is the value of a field that is not Optional where a record has no such
	// field, as a processor would have parsed it; nil for none. It is declared, never
	// learned, and no part of the fingerprint.
	Default any
	// Precision and Scale are those of a Decimal.
	Precision, Scale int
	// Unit is what bare numbers mean in a Timestamp or Time.
	Unit Unit
	// Local says that a Timestamp is what a clock on the wall shows, without a zone.
	Local bool
	// Zone is that of a Timestamp's text which has none; nil when that is no time.
	Zone *time.Location
	// Size is how many bytes every value of a Bytes field has, and every one of a
	// Decimal in Avro; 0 for as many as it takes.
	Size int
	// Base64 says that the strings of a Bytes field are base64; otherwise
	// their UTF-8 text is taken.
	Base64 bool
	// Round lets a Double or Float take numbers that it cannot hold exactly. It is set
	// where somebody has chosen the type, never where it was inferred.
	Round bool
	// Wide says of an inferred Int64 that integers were seen that a double does
	// not hold exactly: the column can never become one.
	Wide bool
	// Column is the name in files, where that is not Name: names that differ only
	// in case, or that Avro does not allow, get another one, and keep it.
	Column string
	// Aliases are the other names of the field in records.
	Aliases []string
	// Record is what the name of the Avro type ends with, of a Group or of a field
	// of a Size.
	Record string
	// Fields are the members of a Group.
	Fields []Field
	// Elem is the element of a List, or the value of a Map.
	Elem *Field
	// KeyID is the ID of the keys of a Map.
	KeyID int
	// Source is the number, from 1, of the source column that fills the field;
	// 0 for a field that records have. Only top-level fields are such.
	Source int

	avsc string // the name in the Avro schema that declares it
}

// ColumnName is the name of the field in files.
func (f *Field) ColumnName() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Name
}

// In returns the value of the field in a parsed object, under which of its names
// it may be, and how many of them the object has.
func (f *Field) In(object map[string]any) (v any, found int) {
	if len(f.Aliases) == 0 {
		v, ok := object[f.Name]
		if ok {
			found = 1
		}
		return v, found
	}
	for _, name := range append([]string{f.Name}, f.Aliases...) {
		if value, ok := object[name]; ok {
			v = value
			found++
		}
	}
	return v, found
}

// ErrShared says that an object has two fields that share a column.
func (f *Field) ErrShared() error {
	return fmt.Errorf("the fields %q and %q differ only in case, and share a column: a record may have only one of them",
		f.Name, strings.Join(f.Aliases, `", "`))
}

// Schema is an immutable set of columns. Schemas are compared by pointer: a
// Memory hands out the same *Schema until it learns something new.
type Schema struct {
	// Fields are the top-level columns, in the order in which files have them.
	Fields []Field
	// Columns are those that fill the fields with a Source; nil for none.
	Columns *source.Columns
	// Without are the fields of records that have no column although they might.
	Without map[string]bool

	fingerprint string
}

// NewSchema returns a schema of the given fields, which must not be modified
// afterwards.
func NewSchema(fields []Field) *Schema {
	h := sha256.New()
	for i := range fields {
		hashField(h, &fields[i])
	}
	return &Schema{Fields: fields, fingerprint: hex.EncodeToString(h.Sum(nil)[:16])}
}

// Fingerprint identifies the schema's structure: equal for equal fields in
// equal order, in every process.
func (s *Schema) Fingerprint() string { return s.fingerprint }

func hashField(h hash.Hash, f *Field) {
	var b []byte
	b = binary.AppendUvarint(b, uint64(len(f.Name)))
	b = append(b, f.Name...)
	b = append(b, byte(f.Type), flag(f.Optional), flag(f.Base64), flag(f.Round), flag(f.Wide), flag(f.Local), byte(f.Unit))
	for _, name := range append([]string{f.Column, f.Record}, f.Aliases...) {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
	}
	b = binary.AppendUvarint(b, uint64(f.ID))
	b = binary.AppendUvarint(b, uint64(f.KeyID))
	b = binary.AppendUvarint(b, uint64(f.Size))
	b = binary.AppendUvarint(b, uint64(f.Precision))
	b = binary.AppendUvarint(b, uint64(f.Scale))
	b = binary.AppendUvarint(b, uint64(len(f.Fields)))
	_, _ = h.Write(b) // a hash never fails
	for i := range f.Fields {
		hashField(h, &f.Fields[i])
	}
	if f.Elem != nil {
		hashField(h, f.Elem)
	}
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// Leaves counts the columns of the schema that hold values.
func (s *Schema) Leaves() int {
	n := 0
	for i := range s.Fields {
		n += leaves(&s.Fields[i])
	}
	return n
}

func leaves(f *Field) int {
	switch f.Type { //nolint:exhaustive // every other type is one leaf
	case Group:
		n := 0
		for i := range f.Fields {
			n += leaves(&f.Fields[i])
		}
		return n
	case List, Map:
		return leaves(f.Elem)
	}
	return 1
}
