package schema

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/source"
)

// Mode says where the schema comes from.
type Mode string

// The modes.
const (
	// Infer learns the schema from the records.
	Infer Mode = "infer"
	// Fixed takes it from the configuration.
	Fixed Mode = "fixed"
	// Metadata takes it from a metadata key of each record.
	Metadata Mode = "metadata"
)

// UnknownField says what happens to a field that the schema does not have.
type UnknownField string

// What happens to unknown fields.
const (
	// Add gives the field a column. The default when inferring.
	Add UnknownField = "add"
	// Drop leaves the field out.
	Drop UnknownField = "drop"
	// RejectField refuses the record. The default for other modes.
	RejectField UnknownField = "reject"
)

// Mismatch says what happens to a value that its column cannot hold.
type Mismatch string

// What happens to values that do not fit.
const (
	// Widen changes the column to a type that holds all values: integers and
	// doubles become doubles, anything else strings. The default when inferring.
	Widen Mismatch = "widen"
	// ToString changes the column to strings at once.
	ToString Mismatch = "string"
	// Reject refuses the record. The default for other modes.
	Reject Mismatch = "reject"
	// Rescue moves the value, as JSON, to RescuedColumn.
	Rescue Mismatch = "rescue"
)

// Numbers says what is inferred for numbers that are not integers.
type Numbers string

// What becomes of numbers.
const (
	// Exact makes a column doubles as long as these give every number back digit
	// for digit, and text otherwise. The default.
	Exact Numbers = "exact"
	// Decimals makes it decimal(38,18), and text where that is not enough.
	Decimals Numbers = "decimal"
	// Doubles makes it doubles, which round.
	Doubles Numbers = "double"
)

// Collision says what becomes of a field whose name differs from that of another
// one only in case.
type Collision string

// What becomes of such fields.
const (
	// Suffix gives the later one a column with a number behind its name. The
	// default.
	Suffix Collision = "suffix"
	// Merge makes them one column.
	Merge Collision = "merge"
	// RejectName refuses records with the later one.
	RejectName Collision = "reject"
)

// DefaultMaxColumns is how many columns inference adds unless configured.
const DefaultMaxColumns = 5000

// DefaultMaxMemory is what the schemas of a destination may take, in bytes.
const DefaultMaxMemory = 16 << 20

// Config describes the schema of a destination.
type Config struct {
	// Mode is Infer unless set.
	Mode Mode
	// Fields declare the columns in mode Fixed.
	Fields []FieldConfig
	// File is the path of an Avro schema (.avsc) that declares them instead.
	File string
	// MetadataKey holds the schema in mode Metadata, in the form in which
	// Benthos' schema_registry_decode stores it.
	MetadataKey string
	// InferTimestamps makes columns of RFC 3339 strings timestamps.
	InferTimestamps bool
	// Zone is that of the text of timestamps which has none; nil when that is no
	// time.
	Zone *time.Location
	// OnUnknownField and OnTypeMismatch default by mode.
	OnUnknownField UnknownField
	OnTypeMismatch Mismatch
	// MaxColumns bounds how many columns inference adds; 0 means
	// DefaultMaxColumns. A record that needs more is refused.
	MaxColumns int
	// InferMaps is how many distinct names an object may have at one place of the
	// records; with more it becomes a map, where columns are widened. 0 never makes
	// maps.
	InferMaps int
	// Numbers is Exact unless set.
	Numbers Numbers
	// OnCaseCollision is Suffix unless set.
	OnCaseCollision Collision
	// State is the path of the file that keeps what was learned; empty for none.
	State string
	// FieldIDs gives every field a number, which it keeps.
	FieldIDs bool
	// MaxMemory bounds the memory for all datasets, in bytes; 0 means
	// DefaultMaxMemory.
	MaxMemory int64
	// Without are top-level fields of records that get no column, because the folder
	// holds them.
	Without []string
	// Columns are added to every file about where its records came from: in
	// front when the schema is inferred, behind the declared fields otherwise.
	// They are not among MaxColumns; nil for none.
	Columns *source.Columns
}

// FieldConfig declares one column.
type FieldConfig struct {
	// Name of the field in the records; empty for the element of a list.
	Name string
	// Type is a name that ParseType knows.
	Type string
	// Optional allows null and missing values.
	Optional bool
	// Precision and Scale of a decimal.
	Precision, Scale int
	// Unit of bare numbers in a timestamp or time: seconds, millis, micros or
	// nanos. Without it, numbers do not fit.
	Unit string
	// Local says of a timestamp that it is what a clock on the wall shows.
	Local bool
	// Base64 says that the strings of a bytes field are base64.
	Base64 bool
	// Size is how many bytes every value of a bytes field has; 0 for any number.
	Size int
	// Exact says of a number that values which the type does not give back digit
	// for digit do not fit, as if the type had been inferred.
	Exact bool
	// Fields of a group.
	Fields []FieldConfig
	// Items of a list.
	Items *FieldConfig
	// Values of a map.
	Values *FieldConfig
}

func (c *Config) setDefaults() error {
	if c.Mode == "" {
		c.Mode = Infer
	}
	infer := c.Mode == Infer
	if c.OnUnknownField == "" {
		c.OnUnknownField = pick(infer, Add, RejectField)
	}
	if c.OnTypeMismatch == "" {
		c.OnTypeMismatch = pick(infer, Widen, Reject)
	}
	if c.MaxColumns == 0 {
		c.MaxColumns = DefaultMaxColumns
	}
	if c.MaxMemory == 0 {
		c.MaxMemory = DefaultMaxMemory
	}
	if c.Numbers == "" {
		c.Numbers = Exact
	}
	if c.OnCaseCollision == "" {
		c.OnCaseCollision = Suffix
	}
	switch c.OnUnknownField {
	case Add, Drop, RejectField:
	default:
		return fmt.Errorf("on_unknown_field %q: use add, drop or reject", c.OnUnknownField)
	}
	switch c.OnTypeMismatch {
	case Widen, ToString, Reject, Rescue:
	default:
		return fmt.Errorf("on_type_mismatch %q: use widen, string, reject or rescue", c.OnTypeMismatch)
	}
	if infer && c.OnUnknownField != Add {
		return errors.New("on_unknown_field must be add when the schema is inferred: every field is unknown at first")
	}
	return nil
}

func pick[T any](cond bool, a, b T) T {
	if cond {
		return a
	}
	return b
}

// declared returns the fields of mode Fixed.
func (c *Config) declared() ([]Field, error) {
	if (c.File == "") == (len(c.Fields) == 0) {
		return nil, errors.New("a fixed schema needs either fields or a file")
	}
	if c.File == "" {
		fields, err := fieldsOf(c.Fields)
		if err != nil {
			return nil, err
		}
		return fields, checkCase(fields)
	}
	avsc, err := os.ReadFile(c.File)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	fields, err := ParseAvro(avsc)
	if err != nil {
		return nil, fmt.Errorf("schema file %s: %w", c.File, err)
	}
	return fields, checkCase(fields)
}

// checkCase refuses names that differ only in case: many engines take them for
// one column.
func checkCase(fields []Field) error {
	seen := make(map[string]string, len(fields))
	for i := range fields {
		f := &fields[i]
		fold := strings.ToLower(f.Name)
		if other, taken := seen[fold]; taken {
			return fmt.Errorf("the fields %q and %q differ only in case: many engines take them for one column, so rename one of them", other, f.Name)
		}
		seen[fold] = f.Name
		for f.Elem != nil {
			f = f.Elem
		}
		if err := checkCase(f.Fields); err != nil {
			return fmt.Errorf("field %q: %w", fields[i].Name, err)
		}
	}
	return nil
}
