package schema

import (
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/scalar"
)

func fieldsOf(configs []FieldConfig) ([]Field, error) {
	fields := make([]Field, len(configs))
	seen := make(map[string]bool, len(configs))
	for i := range configs {
		c := &configs[i]
		if c.Name == "" {
			return nil, fmt.Errorf("field %d has no name", i+1)
		}
		if seen[c.Name] {
			return nil, fmt.Errorf("field %q is declared twice", c.Name)
		}
		seen[c.Name] = true
		f, err := c.field()
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", c.Name, err)
		}
		fields[i] = f
	}
	return fields, nil
}

// field converts the declaration and checks that its parts belong together.
func (c *FieldConfig) field() (f Field, err error) {
	t, ok := ParseType(c.Type)
	if !ok {
		return f, fmt.Errorf("unknown type %q", c.Type)
	}
	f = Field{
		Name: c.Name, Type: t, Optional: c.Optional, Precision: c.Precision, Scale: c.Scale,
		Local: c.Local, Base64: c.Base64, Size: c.Size, Round: !c.Exact,
	}
	if f.Unit, err = parseUnit(c.Unit); err != nil {
		return f, err
	}
	if c.Local && t != Timestamp {
		return f, fmt.Errorf("a %s cannot be local, only a timestamp", t)
	}
	if c.Size < 0 || c.Size > 0 && t != Bytes {
		return f, fmt.Errorf("a %s has no size of %d bytes, only bytes have one", t, c.Size)
	}
	if t == Decimal {
		if err := checkDecimal(c.Precision, c.Scale); err != nil {
			return f, err
		}
	}
	if t == Group {
		if len(c.Fields) == 0 {
			return f, errors.New("a group needs fields")
		}
		f.Fields, err = fieldsOf(c.Fields)
	} else if len(c.Fields) > 0 {
		return f, fmt.Errorf("a %s has no fields", t)
	}
	if err != nil {
		return f, err
	}
	f.Elem, err = c.elem(t)
	return f, err
}

// elem converts what is in a list or a map.
func (c *FieldConfig) elem(t Type) (*Field, error) {
	inside := c.Items
	switch {
	case t == List && c.Items == nil:
		return nil, errors.New("a list needs items")
	case t == Map && c.Values == nil:
		return nil, errors.New("a map needs values")
	case t != List && c.Items != nil:
		return nil, fmt.Errorf("a %s has no items", t)
	case t != Map && c.Values != nil:
		return nil, fmt.Errorf("a %s has no values", t)
	case t == Map:
		inside = c.Values
	}
	if inside == nil {
		return nil, nil
	}
	f, err := inside.field()
	return &f, err
}

func parseUnit(name string) (Unit, error) {
	for u, n := range unitNames {
		if n == name {
			return Unit(u), nil
		}
	}
	return NoUnit, fmt.Errorf("unknown unit %q: use seconds, millis, micros or nanos", name)
}

func checkDecimal(precision, scale int) error {
	if precision < 1 || precision > scalar.MaxPrecision {
		return fmt.Errorf("a decimal has a precision of 1 to %d, not %d", scalar.MaxPrecision, precision)
	}
	if scale < 0 || scale > precision {
		return fmt.Errorf("a decimal of precision %d has a scale of 0 to %d, not %d", precision, precision, scale)
	}
	return nil
}
