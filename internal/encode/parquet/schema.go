package parquet

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// MetaSource is the key in the metadata of a file that says where its records came
// from.
const MetaSource = "s3_destination.source"

// Footer is what the end of a file tells.
type Footer struct {
	// Fields are the columns, with the names that they have in records.
	Fields []schema.Field
	Rows   int64
	// Source is where the records came from; empty where that is not known.
	Source string
}

// ReadSchema reads the columns of a Parquet file, whoever has written it. Columns that
// have other names in records get these back.
func ReadSchema(file io.ReaderAt, size int64) ([]schema.Field, error) {
	f, err := ReadFooter(file, size)
	return f.Fields, err
}

// ReadFooter reads the end of a Parquet file, whoever has written it.
func ReadFooter(file io.ReaderAt, size int64) (f Footer, err error) {
	end := make([]byte, 8)
	if size < 12 {
		return f, errors.New("it is too short for a Parquet file")
	}
	if _, err := file.ReadAt(end, size-8); err != nil {
		return f, err
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if string(end[4:]) != magic || length > size-12 {
		return f, errors.New("it is no Parquet file, or encrypted or cut")
	}
	footer := make([]byte, length)
	if _, err := file.ReadAt(footer, size-8-length); err != nil {
		return f, err
	}
	e, err := format.ReadElements(footer)
	if err != nil {
		return f, fmt.Errorf("reading the footer: %w", err)
	}
	names := map[string]string{}
	if text, renamed := e.Metadata["s3_destination.names"]; renamed {
		if err := json.Unmarshal([]byte(text), &names); err != nil {
			return f, fmt.Errorf("reading the names of columns: %w", err)
		}
	}
	if len(e.Schema) == 0 {
		return f, errors.New("its footer has no schema")
	}
	r := schemaReader{elements: e.Schema[1:], names: names}
	f = Footer{Fields: r.fields(int(e.Schema[0].NumChildren), ""), Rows: e.Rows, Source: e.Metadata[MetaSource]}
	return f, r.err
}

// schemaReader turns elements, which are in depth-first order, into fields.
type schemaReader struct {
	elements []format.Element
	names    map[string]string // in records, by the path in the file
	depth    int
	err      error
}

func (r *schemaReader) next() (e format.Element) {
	if len(r.elements) == 0 {
		if r.err == nil {
			r.err = errors.New("its schema ends too early")
		}
		return format.Element{Type: -1, Converted: -1}
	}
	e, r.elements = r.elements[0], r.elements[1:]
	return e
}

func (r *schemaReader) fields(n int, path string) []schema.Field {
	var all []schema.Field
	for ; n > 0 && r.err == nil; n-- {
		all = append(all, r.field(path))
	}
	return all
}

// deepest is more than engines read.
const deepest = 200

// field reads one field with all that is in it.
func (r *schemaReader) field(path string) schema.Field {
	e := r.next()
	return r.of(e, path+e.Name)
}

// of reads what belongs to an element, whose path in names is that.
func (r *schemaReader) of(e format.Element, at string) schema.Field {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > deepest && r.err == nil {
		r.err = errors.New("its columns are nested too deep")
	}
	var f schema.Field
	switch {
	case e.Type >= 0:
		f = leafField(&e)
	case e.Converted == 3 || e.Logical == 3:
		f = r.list(int(e.NumChildren), at)
	case e.Converted == 1 || e.Converted == 2 || e.Logical == 2:
		f = r.mapOf(int(e.NumChildren), at)
	default:
		f = schema.Field{Type: schema.Group, Fields: r.fields(int(e.NumChildren), at+".")}
	}
	if e.Repetition == format.ElementRepeated {
		element := f
		f = schema.Field{Type: schema.List, Elem: &element}
	}
	f.Name, f.Column, f.Optional = e.Name, e.Name, e.Repetition == format.ElementOptional
	if name, renamed := r.names[at]; renamed {
		f.Name = name
	}
	return f
}

// list reads what is in a list: a repeated group of one element, or, in older files,
// the repeated element itself.
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
func (r *schemaReader) list(n int, path string) schema.Field {
	if n != 1 || len(r.elements) == 0 {
		r.err = errors.New("it has a list that is none")
		return schema.Field{}
	}
	if e := r.elements[0]; e.Type < 0 && e.NumChildren == 1 && e.Name != "array" {
		r.next()
		element := r.of(r.next(), path) // names have lists left out
		element.Name, element.Column = "", ""
		return schema.Field{Type: schema.List, Elem: &element}
	}
	inner := r.of(r.next(), path) // repeated, and so a list by itself
	if inner.Elem != nil {
		inner.Elem.Name, inner.Elem.Column = "", ""
	}
	return schema.Field{Type: schema.List, Elem: inner.Elem}
}

// mapOf reads what is in a map: a repeated group of a key and a value.
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#maps
func (r *schemaReader) mapOf(n int, path string) schema.Field {
	if n != 1 || len(r.elements) == 0 || r.elements[0].NumChildren != 2 {
		r.err = errors.New("it has a map that is none")
		return schema.Field{}
	}
	r.next()
	key := r.of(r.next(), path)
	value := r.of(r.next(), path)
	value.Name, value.Column = "", ""
	if key.Type != schema.String {
		return schema.Field{Type: schema.JSON} // as records have it
	}
	return schema.Field{Type: schema.Map, Elem: &value}
}

// The physical types, as numbered in parquet.thrift.
const (
	physicalBool = iota
	physicalInt32
	physicalInt64
	physicalInt96
	physicalFloat
	physicalDouble
	physicalBytes
	physicalFixed
)

// leafField is the type of a column of values.
func leafField(e *format.Element) schema.Field {
	switch {
	case e.Converted == 5 || e.Logical == 5:
		return schema.Field{Type: schema.Decimal, Precision: int(e.Precision), Scale: int(e.Scale)}
	case e.Converted == 6 || e.Logical == 6:
		return schema.Field{Type: schema.Date}
	case e.Converted == 7 || e.Converted == 8 || e.Logical == 7:
		return schema.Field{Type: schema.Time}
	case e.Converted == 9 || e.Converted == 10 || e.Logical == 8 || e.Type == physicalInt96:
		return schema.Field{Type: schema.Timestamp, Local: e.Logical == 8 && e.Local}
	case e.Converted == 19 || e.Logical == 12:
		return schema.Field{Type: schema.JSON}
	case e.Logical == 14:
		return schema.Field{Type: schema.UUID}
	}
	switch e.Type {
	case physicalBool:
		return schema.Field{Type: schema.Bool}
	case physicalInt32:
		if e.Converted == 13 { // of 32 bits without a sign
			return schema.Field{Type: schema.Int64}
		}
		return schema.Field{Type: schema.Int32}
	case physicalInt64:
		if e.Converted == 14 { // of 64 bits without a sign
			return schema.Field{Type: schema.Decimal, Precision: 20}
		}
		return schema.Field{Type: schema.Int64}
	case physicalFloat:
		return schema.Field{Type: schema.Float}
	case physicalDouble:
		return schema.Field{Type: schema.Double}
	}
	if e.Type == physicalBytes && (e.Converted == 0 || e.Converted == 4 || e.Logical == 1 || e.Logical == 4) {
		return schema.Field{Type: schema.String}
	}
	return schema.Field{Type: schema.Bytes}
}
