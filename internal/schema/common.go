package schema

import (
	"errors"
	"fmt"

	common "github.com/redpanda-data/benthos/v4/public/schema"
)

// FromCommon converts a schema in the form in which Benthos passes it between
// components, as schema_registry_decode stores it in metadata.
func FromCommon(v any) ([]Field, error) {
	c, err := common.ParseFromAny(v)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	if c.Type != common.Object {
		return nil, fmt.Errorf("the schema describes a %s, not an object", c.Type)
	}
	f, err := fromCommon(&c)
	if err != nil {
		return nil, err
	}
	if f.Type != Group {
		return nil, errors.New("the schema has no fields")
	}
	return f.Fields, nil
}

// commonIdentity returns the fingerprint that the schema carries. One that was
// built by hand and has none is fingerprinted by its fields.
func commonIdentity(v any) (string, error) {
	if m, ok := v.(map[string]any); ok {
		if id, ok := m["fingerprint"].(string); ok && id != "" {
			return id, nil
		}
	}
	fields, err := FromCommon(v)
	if err != nil {
		return "", err
	}
	return NewSchema(fields).Fingerprint(), nil
}

var commonTypes = map[common.CommonType]Type{
	common.Boolean: Bool, common.Int32: Int32, common.Int64: Int64,
	common.Float32: Float, common.Float64: Double, common.String: String,
	common.ByteArray: Bytes, common.Object: Group, common.Array: List, common.Map: Map,
	common.Timestamp: Timestamp, common.Decimal: Decimal, common.Date: Date,
	common.TimeOfDay: Time, common.UUID: UUID,
	// A decimal without fixed digits has only its text to be exact in.
	common.BigDecimal: String,
	// What has no fixed columns is kept whole, as JSON text.
	common.Any: JSON, common.Null: JSON, common.Union: JSON,
}

func fromCommon(c *common.Common) (f Field, err error) {
	t, ok := commonTypes[c.Type]
	if !ok {
		return f, fmt.Errorf("field %q: type %s has no column", c.Name, c.Type)
	}
	f = Field{Name: c.Name, Type: t, Optional: c.Optional, Round: true}
	switch t { //nolint:exhaustive // the others need nothing more
	case Decimal:
		f.Precision, f.Scale = int(c.Logical.Decimal.Precision), int(c.Logical.Decimal.Scale)
	case Timestamp:
		p := c.EffectiveTimestamp()
		f.Unit, f.Local = commonUnit(p.Unit), !p.AdjustToUTC
	case Time:
		f.Unit = commonUnit(c.Logical.TimeOfDay.Unit)
	case List, Map:
		if len(c.Children) != 1 {
			f.Type = JSON
			break
		}
		elem, err := fromCommon(&c.Children[0])
		if err != nil {
			return f, err
		}
		elem.Name = ""
		f.Elem = &elem
	case Group:
		return commonGroup(f, c)
	case JSON:
		if c.Type == common.Null || c.Type == common.Union {
			f.Optional = true
		}
		if inner := commonOption(c); inner != nil {
			f, err = fromCommon(inner)
			f.Name, f.Optional = c.Name, true
		}
	}
	return f, err
}

func commonGroup(f Field, c *common.Common) (Field, error) {
	seen := make(map[string]bool, len(c.Children))
	for i := range c.Children {
		child, err := fromCommon(&c.Children[i])
		if err != nil {
			return f, err
		}
		if child.Name == "" || seen[child.Name] {
			return f, fmt.Errorf("group %q: the name %q is empty or there twice", c.Name, child.Name)
		}
		seen[child.Name] = true
		f.Fields = append(f.Fields, child)
	}
	if len(f.Fields) == 0 {
		f.Type = JSON
	}
	return f, nil
}

// commonOption returns the other member of a union of null and one type.
func commonOption(c *common.Common) *common.Common {
	if c.Type != common.Union || len(c.Children) != 2 {
		return nil
	}
	for i := range c.Children {
		if c.Children[i].Type == common.Null {
			return &c.Children[1-i]
		}
	}
	return nil
}

func commonUnit(u common.TimeUnit) Unit {
	switch u {
	case common.TimeUnitSeconds:
		return Seconds
	case common.TimeUnitMillis:
		return Millis
	case common.TimeUnitMicros:
		return Micros
	case common.TimeUnitNanos:
		return Nanos
	}
	return NoUnit
}
