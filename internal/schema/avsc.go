package schema

import (
	"errors"
	"fmt"

	"github.com/hamba/avro/v2"
)

// ParseAvro reads the fields of an Avro schema (.avsc), which must be a record.
func ParseAvro(avsc []byte) ([]Field, error) {
	s, err := avro.ParseBytesWithCache(avsc, "", &avro.SchemaCache{})
	if err != nil {
		return nil, fmt.Errorf("parsing the Avro schema: %w", err)
	}
	rec, ok := s.(*avro.RecordSchema)
	if !ok {
		return nil, fmt.Errorf("the Avro schema is of type %s, not record", s.Type())
	}
	f, err := fromAvro(rec, map[string]bool{})
	if err != nil {
		return nil, err
	}
	if f.Type != Group {
		return nil, errors.New("the Avro schema has no fields")
	}
	return f.Fields, nil
}

// fromAvro converts a schema; its name is left to the caller.
func fromAvro(s avro.Schema, open map[string]bool) (f Field, err error) {
	switch s := s.(type) {
	case *avro.RefSchema:
		return fromAvro(s.Schema(), open)
	case *avro.UnionSchema:
		return fromAvroUnion(s, open)
	case *avro.RecordSchema:
		return fromAvroRecord(s, open)
	case *avro.ArraySchema:
		elem, err := fromAvro(s.Items(), open)
		return Field{Type: List, Elem: &elem}, err
	case *avro.EnumSchema:
		return Field{Type: String}, nil
	case *avro.MapSchema:
		return Field{Type: JSON}, nil // its keys are data, not columns
	case *avro.FixedSchema:
		return fromAvroLogical(Field{Type: Bytes}, s.Logical())
	case *avro.PrimitiveSchema:
		t, ok := avroTypes[s.Type()]
		if !ok {
			return f, fmt.Errorf("avro type %s has no column", s.Type())
		}
		return fromAvroLogical(Field{Type: t, Round: true}, s.Logical())
	case *avro.NullSchema:
		return Field{Type: JSON, Optional: true}, nil
	}
	return f, fmt.Errorf("avro type %s has no column", s.Type())
}

var avroTypes = map[avro.Type]Type{
	avro.Boolean: Bool, avro.Int: Int32, avro.Long: Int64, avro.Float: Double,
	avro.Double: Double, avro.String: String, avro.Bytes: Bytes,
}

func fromAvroLogical(f Field, logical avro.LogicalSchema) (Field, error) {
	if logical == nil {
		return f, nil
	}
	switch logical.Type() { //nolint:exhaustive // others are ignored, as Avro demands
	case avro.UUID:
		f.Type = UUID
	case avro.Date:
		f.Type = Date
	case avro.TimeMillis:
		f.Type, f.Unit = Time, Millis
	case avro.TimeMicros:
		f.Type, f.Unit = Time, Micros
	case avro.TimestampMillis, avro.LocalTimestampMillis:
		f.Type, f.Unit = Timestamp, Millis
	case avro.TimestampMicros, avro.LocalTimestampMicros:
		f.Type, f.Unit = Timestamp, Micros
	case avro.Decimal:
		d, ok := logical.(*avro.DecimalLogicalSchema)
		if !ok || checkDecimal(d.Precision(), d.Scale()) != nil {
			return f, errors.New("the decimal has no precision that columns can hold")
		}
		f.Type, f.Precision, f.Scale = Decimal, d.Precision(), d.Scale()
	}
	return f, nil
}

func fromAvroUnion(s *avro.UnionSchema, open map[string]bool) (Field, error) {
	var rest []avro.Schema
	for _, t := range s.Types() {
		if t.Type() != avro.Null {
			rest = append(rest, t)
		}
	}
	optional := len(rest) < len(s.Types())
	if len(rest) != 1 {
		return Field{Type: JSON, Optional: optional}, nil
	}
	f, err := fromAvro(rest[0], open)
	f.Optional = optional || f.Optional
	return f, err
}

func fromAvroRecord(s *avro.RecordSchema, open map[string]bool) (Field, error) {
	f := Field{Type: Group}
	if open[s.FullName()] {
		return Field{Type: JSON}, nil // a record that contains itself has no end
	}
	open[s.FullName()] = true
	defer delete(open, s.FullName())
	for _, field := range s.Fields() {
		child, err := fromAvro(field.Type(), open)
		if err != nil {
			return f, fmt.Errorf("field %q: %w", field.Name(), err)
		}
		child.Name = field.Name()
		if original, ok := field.Prop(OriginalName).(string); ok {
			child.Name = original
		}
		f.Fields = append(f.Fields, child)
	}
	if len(f.Fields) == 0 {
		f.Type = JSON
	}
	return f, nil
}

// OriginalName is the property under which an Avro field keeps the name that it
// has in the records, where Avro does not allow that name.
const OriginalName = "originalName"
