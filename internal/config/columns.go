package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// columns are where the columns of csv, parquet and avro objects come from.
func columns(s *schema.Config, dataset *string, inBucket *bool) settings {
	return settings{
		object("schema", "The columns of csv, parquet and avro objects.",
			annotated("mode", &s.Mode, map[string]string{
				"infer":    "Columns and types are learned from the records. They are remembered for each dataset and only ever grow and widen, so that a column never moves, and never changes back and forth between files.",
				"fixed":    "Columns are declared by `fields` or `file`.",
				"metadata": "Each record brings its schema along in metadata, as the `schema_registry_decode` processor stores it. Records of different schemas go to different files.",
			}).
				doc("Where the columns come from.").
				or("infer"),
			interpolated("dataset", dataset).
				doc("What has one schema: records of the same dataset share their columns, and no others see them. Empty stands for the static part of `folder` with the values of the variables in `folder` and `file_name`, but for those that stand for a date, a clock or an account.").
				or("").
				example(`${! json("table") }`),
			text("state", &s.State).
				doc("The path of a file that keeps the columns over restarts. It is read at the start, and replaced as a whole whenever a dataset gets a column or one widens. In a container it belongs on a volume. Each output and each process needs one of its own. Without it columns are learned anew after a restart.").
				or("").
				example("/var/lib/s3-destination/columns.json"),
			choice("remember", inBucket, is("none", false), is("bucket", true)).
				doc("`bucket` keeps the columns of each dataset in `_schema/<dataset>.json` below what all keys begin with, replaced on the condition that no other process was faster: all processes that write there begin with the same columns, and take what others have learned before they add to it. It needs `s3:GetObject` there, and a store that honours `If-Match`; without them the output does not start. It takes the place of `state`.").
				or("none"),
			declared("fields", &s.Fields).
				doc("The columns, in order, for the mode `fixed`. Each has a `name` and a `type` (bool, int32, int64, float, double, string, bytes, timestamp, date, time, decimal, uuid, json, group, list, map), and may have `optional`, `precision` and `scale` (decimal), `unit` (seconds, millis, micros or nanos, of bare numbers in a timestamp or time), `local` (timestamp: what a clock on the wall shows, without a zone), `base64` and `size` (bytes: how many every value has), `exact` (float, double and int64: a number that the type does not give back digit for digit does not fit, instead of being rounded), `fields` (of a group), `items` (of a list) and `values` (of a map, whose keys are text).").
				or([]any{}).
				example([]any{
					map[string]any{"name": "id", "type": "int64"},
					map[string]any{"name": "amount", "type": "decimal", "precision": 12, "scale": 2, "optional": true},
					map[string]any{"name": "tags", "type": "list", "items": map[string]any{"type": "string"}},
				}),
			text("file", &s.File).
				doc("The path of an Avro schema (.avsc) that declares the columns, instead of `fields`. The `default` of a field that may not be null is the value of records that lack it.").
				or(""),
			text("metadata_key", &s.MetadataKey).
				doc("The metadata key that holds the schema, for the mode `metadata`.").
				or("schema"),
			flag("infer_timestamps", &s.InferTimestamps).
				doc("Make columns of RFC 3339 strings timestamps, in the mode `infer`.").
				or(false),
			count("infer_maps", &s.InferMaps, 0).
				doc("How many distinct names an object may have at one place of the records, all records of a dataset together. With more, its names are data: it becomes a map of text to values of one type, which widens as that of a column does. `0` never makes maps. It acts where columns are widened (`on_type_mismatch: widen` or `string`).").
				or(200),
			zone("timezone", &s.Zone).
				doc("The time zone of timestamps in text without one, such as `2024-01-01 00:00:00`: a name of the IANA database. Empty means that such text is no timestamp. Where clocks are put back the first of two moments is meant, and what is left out where they are put forward is that much later.").
				or("").
				example("UTC"),
			word("numbers", &s.Numbers, "exact", "decimal", "double").
				doc("What inferred columns do with numbers that are not integers: `exact` makes doubles of them as long as these give every digit back, and text of the column otherwise; `decimal` makes decimal(38,18) of them, and text where that is not enough; `double` makes doubles of them, which round.").
				or("exact"),
			word("on_case_collision", &s.OnCaseCollision, "suffix", "merge", "reject").
				doc("What becomes of a field whose name differs from that of another one only in case, which many engines take for one column: it gets a column with a number behind its name (`ID_2`; the file notes the name that it has in records), shares the column of the other one, or makes the record a bad one.").
				or("suffix"),
			wordOrDefault("on_unknown_field", &s.OnUnknownField, "default", "add", "drop", "reject").
				doc("What becomes of a field that the schema does not have: it gets a column, is left out, or makes the record a bad one. The default is `add` when inferring and `reject` otherwise.").
				or("default"),
			wordOrDefault("on_type_mismatch", &s.OnTypeMismatch, "default", "widen", "string", "reject", "rescue").
				doc("What becomes of a value that its column cannot hold: the column is widened (integers and doubles to double, anything else to string), becomes a string at once, the record is a bad one, or the value is kept as JSON in the column `_rescued_data`, by its JSON Pointer. Lists and objects without a value in them are never a reason to widen. The default is `widen` when inferring and `reject` otherwise.").
				or("default"),
			count("max_columns", &s.MaxColumns, 1).
				doc("How many columns are added to a dataset at most; a record that needs more is a bad one.").
				or(5000),
		).advanced(),
	}
}

// declared are columns. They nest, and therefore have no specification that
// Benthos could check.
func declared(name string, into *[]schema.FieldConfig) setting {
	return newSetting(name, service.NewAnyListField(name), func(r *reader, path []string) {
		for i, item := range get(r, r.conf.FieldAnyList, path) {
			c, err := column(item)
			if err != nil {
				r.fail(notAColumn(dotted(path), i, err))
			}
			f := c.config()
			if err != nil && f.Name == "" && f.Type == "" {
				f = schema.FieldConfig{Name: fmt.Sprint(i), Type: "string"} // is refused; the others keep their places
			}
			*into = append(*into, f)
		}
	})
}

// notAColumn says what is wrong with what cannot be read as a column.
func notAColumn(path string, i int, err error) error {
	if strings.Contains(err.Error(), `unknown field "repeated"`) {
		return fmt.Errorf("%s[%d].repeated: a column of several values has the type list: write type: list and items: {type: string}, or the type of its values", path, i)
	}
	return fmt.Errorf("%s[%d]: it is no column (%w): write {name: id, type: int64}, with optional, precision, scale, unit, local, base64, size, exact, fields, items or values", path, i, err)
}

// columnYAML is a declared column as it is written in a configuration.
type columnYAML struct {
	Name      string       `json:"name"`
	Type      string       `json:"type"`
	Optional  bool         `json:"optional"`
	Precision int          `json:"precision"`
	Scale     int          `json:"scale"`
	Unit      string       `json:"unit"`
	Local     bool         `json:"local"`
	Base64    bool         `json:"base64"`
	Size      int          `json:"size"`
	Exact     bool         `json:"exact"`
	Fields    []columnYAML `json:"fields"`
	Items     *columnYAML  `json:"items"`
	Values    *columnYAML  `json:"values"`
}

// column reads a declared column. With an error it has what could be read.
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
	err = strict.Decode(&c)
	return c, err
}

func (c columnYAML) config() schema.FieldConfig {
	f := schema.FieldConfig{
		Name: c.Name, Type: c.Type, Optional: c.Optional, Precision: c.Precision,
		Scale: c.Scale, Unit: c.Unit, Local: c.Local, Base64: c.Base64, Size: c.Size, Exact: c.Exact,
	}
	for _, nested := range c.Fields {
		f.Fields = append(f.Fields, nested.config())
	}
	if c.Items != nil {
		items := c.Items.config()
		f.Items = &items
	}
	if c.Values != nil {
		values := c.Values.config()
		f.Values = &values
	}
	return f
}
