package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/template"
)

// naming is how objects are named, and how records find their partition.
type naming struct {
	folder, fileName      string
	variables             map[string]string
	onMissingVariable     partition.MissingVariable
	loadByAccount         bool
	partitionBy           template.PartitionBy
	dateField, dateFormat string
	zone                  string
	onMissingDate         partition.MissingDate
	dataset               string // schema.dataset
	dropHeld              bool   // fields that the folder has
}

// templates are what keys are made of.
func (n *naming) templates() settings {
	return settings{
		text("folder", &n.folder).
			doc("A template for the part of the key up to its last slash. A leading slash is dropped; empty means the root of the bucket. See the guide on names for every placeholder.").
			or("").
			example("{{workspace_id}}/{{data_source}}/{{YYYY}}/{{MM}}/{{DD}}").
			example("events/date={{YYYY_today}}-{{MM_today}}-{{DD_today}}"),
		text("file_name", &n.fileName).
			doc("A template for the rest of the key. The extension of the format is appended unless the template itself ends with it.").
			or("{{timestamp}}-{{chunk_id}}-{{uuid}}").
			example("{{filename}}-{{YYYY_today}}-{{MM_today}}-{{DD_today}}-{{chunk_id}}"),
	}
}

// values are what the placeholders stand for.
func (n *naming) values() settings {
	return settings{
		expressions("variables", &n.variables).
			doc("Values of your own placeholders, evaluated for each record. The simple forms `json(\"a.b\")`, `this.a.b`, `meta(\"x\")`, `metadata(\"x\")`, `@x` and literal text are answered without parsing the record and cost next to nothing. What becomes of an empty or missing value is for `on_missing_variable` to say.").
			or(map[string]any{}).
			example(map[string]any{"workspace_id": "ws1", "data_source": `${! json("source") }`}),
		word("on_missing_variable", &n.onMissingVariable, "default", "reject").
			doc("What becomes of a record where a variable in the names is missing, null or empty: `default` puts `__HIVE_DEFAULT_PARTITION__` into the name, `reject` treats it as a bad record.").
			or("default"),
		choice("partition_columns", &n.dropHeld, is("keep", false), is("drop", true)).
			doc("What becomes of fields that the folder already has, whole and under their own names: `country={{country}}`, where the variable is the field `country` of the record. `drop` leaves them out of the objects, whatever their format is, so that readers of partitioned tables see the column once, from the folder. Engines disagree on which one they take where both are there.").
			or("keep").advanced(),
		flag("load_by_account", &n.loadByAccount).
			doc("Permits the placeholder `{{account}}`, which separates the objects of each account.").
			or(false),
		word("partition_by", &n.partitionBy, "auto", "none", "hour", "day", "month").
			doc("How finely the names may split records by their own date, as a check: a placeholder finer than this is an error, and names that do not tell its steps apart are warned about. What splits them is the placeholders `{{YYYY}} {{MM}} {{DD}} {{HH}}`, which `auto` follows.").
			or("auto"),
		text("date_field", &n.dateField).
			doc("Where a record keeps the date that `{{YYYY}} {{MM}} {{DD}} {{HH}}` stand for: a dot path into the record, or `@name` / `meta(\"name\")` for its metadata.").
			or("").
			example("event.created_at").
			example("@kafka_timestamp_ms"),
		text("date_format", &n.dateFormat).
			doc("How that date is written. `auto` reads ISO 8601 (RFC 3339, `20250707T121517Z`, days of a week or a year, ...), `YYYY/MM/DD`, and Unix time, whose unit it tells by magnitude. `unix`, `unix_ms`, `unix_us` and `unix_ns` are Unix time in seconds, milliseconds, microseconds or nanoseconds. Anything else is a Go reference layout. Of a list, separated by `|`, the first format that can read a date is taken.").
			or("auto").advanced().
			example("unix_ms").
			example("02.01.2006 15:04").
			example("02.01.2006 | unix | auto"),
		text("timezone", &n.zone).
			doc("The IANA time zone in which dates and clock placeholders are rendered.").
			or("UTC").
			example("Europe/Berlin"),
		word("on_missing_date", &n.onMissingDate, "reject", "today").
			doc("What becomes of a record without its date (missing, null, empty, or a zero time): `reject` treats it as a bad record, `today` uses the clock.").
			or("reject"),
	}
}

// complete compiles the templates, and the way from a record to its partition.
func (n *naming) complete(c *Config, r *reader) {
	zone := n.location(r)
	n.checkTexts(r)
	layout, err := template.Compile(template.Config{
		Folder:        n.folder,
		FileName:      n.fileName,
		Extension:     c.Format.Extension,
		Variables:     slices.Sorted(maps.Keys(n.variables)),
		LoadByAccount: n.loadByAccount,
		Location:      zone,
	})
	r.fail(err)
	if layout == nil {
		return
	}
	c.Layout = layout
	c.ranged = strings.Contains(n.fileName, "source_range")
	c.Partition = partition.Config{
		Layout:            layout,
		Variables:         n.variables,
		OnMissingVariable: n.onMissingVariable,
		DateField:         n.dateField,
		Dataset:           n.dataset,
		DateFormat:        n.dateFormat,
		Location:          zone,
		OnMissingDate:     n.onMissingDate,
		PartitionBy:       n.partitionBy,
	}
	_, err = partition.New(c.Partition)
	r.fail(err)
	if n.onMissingVariable == partition.VariableReject && len(layout.Variables()) == 0 {
		r.warn("on_missing_variable: it has no effect without a variable in folder or file_name: write {{name}} there, or remove it")
	}
}

func (n *naming) location(r *reader) *time.Location {
	zone, err := loadZone(n.zone, time.LoadLocation)
	r.fail(err)
	return zone
}

// checkTexts refuses what is meant to be evaluated, and would be taken as text.
func (n *naming) checkTexts(r *reader) {
	r.fail(checkTemplate("folder", n.folder))
	r.fail(checkTemplate("file_name", n.fileName))
	r.fail(checkPath("date_field", n.dateField))
	for _, name := range slices.Sorted(maps.Keys(n.variables)) {
		r.fail(checkExpression("variables."+name, n.variables[name]))
	}
}

// held are the fields of records that are left out, because the folder has them.
func (n *naming) held(r *reader) []string {
	if !n.dropHeld {
		return nil
	}
	held, rounded := partition.FolderColumns(n.folder, n.variables)
	for _, name := range rounded {
		r.warn(fmt.Sprintf(`partition_columns: the field %s stays in the objects, because json("%s") rounds some numbers in the folder: write this.field instead of json("field") for the variable`, name, name))
	}
	if len(held) == 0 && len(rounded) == 0 {
		r.warn("partition_columns: it has no effect here: write country={{country}} into folder, and ${! this.country } for the variable, or remove it")
	}
	return held
}
