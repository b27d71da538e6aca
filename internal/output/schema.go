package output

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// schema reads where the columns come from.
func (r *reader) schema() schema.Config {
	c := schema.Config{
		Mode:            schema.Mode(r.enum(fieldSchema, fieldSchemaMode)),
		File:            r.str(fieldSchema, fieldSchemaFile),
		InferTimestamps: r.flag(fieldSchema, fieldInferTimestamps),
		MaxColumns:      r.count(1, fieldSchema, fieldMaxColumns),
		Fields:          r.declared(),
	}
	if c.Mode == schema.Metadata {
		c.MetadataKey = r.str(fieldSchema, fieldSchemaMetadata)
	}
	if s := r.enum(fieldSchema, fieldOnUnknownField); s != "default" {
		c.OnUnknownField = schema.UnknownField(s)
	}
	if s := r.enum(fieldSchema, fieldOnTypeMismatch); s != "default" {
		c.OnTypeMismatch = schema.Mismatch(s)
	}
	return c
}

// declared reads the declared columns, which nest and therefore have no
// specification that Benthos could check.
func (r *reader) declared() []schema.FieldConfig {
	list := read(r, r.conf.FieldAnyList, []string{fieldSchema, fieldSchemaFields})
	columns := make([]schema.FieldConfig, 0, len(list))
	for i, item := range list {
		c, err := column(item)
		if err != nil {
			r.fail(fmt.Errorf("reading schema.fields[%d]: %w", i, err))
			continue
		}
		columns = append(columns, c.config())
	}
	return columns
}

// columnYAML is a declared column as it is written in a configuration.
type columnYAML struct {
	Name      string       `json:"name"`
	Type      string       `json:"type"`
	Optional  bool         `json:"optional"`
	Precision int          `json:"precision"`
	Scale     int          `json:"scale"`
	Unit      string       `json:"unit"`
	Base64    bool         `json:"base64"`
	Fields    []columnYAML `json:"fields"`
	Items     *columnYAML  `json:"items"`
}

func column(item *service.ParsedConfig) (columnYAML, error) {
	var c columnYAML
	value, err := item.FieldAny()
	if err != nil {
		return c, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return c, err
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	return c, strict.Decode(&c)
}

func (c columnYAML) config() schema.FieldConfig {
	f := schema.FieldConfig{
		Name: c.Name, Type: c.Type, Optional: c.Optional, Precision: c.Precision,
		Scale: c.Scale, Unit: c.Unit, Base64: c.Base64,
	}
	for _, nested := range c.Fields {
		f.Fields = append(f.Fields, nested.config())
	}
	if c.Items != nil {
		items := c.Items.config()
		f.Items = &items
	}
	return f
}
