package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// act is when a setting acts. One that is written and does not act is never
// ignored silently.
type act struct {
	// settings are paths; one that ends in a dot stands for the whole group.
	settings []string
	acts     func(d *draft) bool
	// write is with what it acts, for the message.
	write string
	// wrong means that without it data lands otherwise than is written.
	wrong bool
}

// acts are the settings that act only with others. Those that have a rule of
// their own elsewhere are not among them.
var acts = []act{
	{[]string{"schema.fields", "schema.file"}, (*draft).hasColumns, "file_format: csv, csv+gzip, parquet or avro", true},
	{[]string{"schema.fields", "schema.file"}, inMode(schema.Fixed), "schema.mode: fixed", true},
	{[]string{"schema.mode", "schema.dataset", "schema.state", "schema.remember", "schema.timezone", "schema.metadata_key", "schema.on_case_collision", "schema.on_unknown_field", "schema.on_type_mismatch", "schema.max_columns"}, (*draft).hasColumns, "file_format: csv, csv+gzip, parquet or avro", false},
	{[]string{"schema.infer_timestamps", "schema.infer_maps", "schema.numbers"}, (*draft).columnarFormat, "file_format: parquet or avro", false},
	{[]string{"schema.metadata_key"}, inMode(schema.Metadata), "schema.mode: metadata", false},
	{[]string{"schema.infer_timestamps", "schema.infer_maps", "schema.numbers", "schema.max_columns"}, (*draft).infers, "schema.mode: infer, or schema.on_unknown_field: add", false},
	{[]string{"csv."}, ofFormat("csv", "csv+gzip"), "file_format: csv or csv+gzip", false},
	{[]string{"json."}, ofFormat("json", "json+gzip"), "file_format: json or json+gzip", false},
	{[]string{"json.duplicate_keys"}, func(d *draft) bool { return d.format.json.Strict }, "json.strict: true", false},
	{[]string{"compression_level"}, ofFormat("csv+gzip", "json+gzip"), "file_format: csv+gzip or json+gzip", false},
	{[]string{"parquet."}, ofFormat("parquet"), "file_format: parquet", false},
	{[]string{"avro."}, ofFormat("avro"), "file_format: avro", false},
	{[]string{"date_field"}, (*draft).recordDate, "{{YYYY}}, {{MM}}, {{DD}} or {{HH}} in folder or file_name", false},
	{[]string{"date_format", "on_missing_date"}, (*draft).recordDate, "date_field, and {{YYYY}}, {{MM}}, {{DD}} or {{HH}} in folder or file_name", false},
	{[]string{"timezone"}, (*draft).anyDate, "a placeholder of a date or of the clock in folder or file_name", false},
	{[]string{"encryption.on_mismatch"}, func(d *draft) bool { return d.Store.Encryption.Mode != encryption.ModeNone }, "an encryption.mode other than none", false},
	{[]string{"auth.sts_endpoint", "auth.sts_region"}, func(d *draft) bool { return d.Store.Auth.Mode == auth.ModeAssumeRole }, "auth.mode: assume_role", false},
	{[]string{"health_check.interval", "health_check.timeout", "health_check.probe_size"}, func(d *draft) bool { return d.Health.Enabled }, "health_check.enabled: true", false},
	{[]string{"upload.part_size", "upload.part_concurrency"}, func(d *draft) bool { return d.Largest() > d.Store.MultipartThreshold }, "a max_file_size above upload.multipart_threshold", false},
}

func inMode(mode schema.Mode) func(d *draft) bool {
	return func(d *draft) bool { return !d.hasColumns() || d.format.columnar.schema.Mode == mode }
}

func ofFormat(names ...string) func(d *draft) bool {
	return func(d *draft) bool { return slices.Contains(names, d.format.name) }
}

func (d *draft) columnarFormat() bool { return d.format.name == "parquet" || d.format.name == "avro" }

// hasColumns reports whether objects have columns.
func (d *draft) hasColumns() bool { return d.format.name != "json" && d.format.name != "json+gzip" }

// infers reports whether columns are made of what records have.
func (d *draft) infers() bool {
	s := &d.format.columnar.schema
	return !d.hasColumns() || s.Mode == schema.Infer || s.OnUnknownField == schema.Add
}

func (d *draft) recordDate() bool { return d.Layout == nil || d.Layout.UsesRecordDate() }

func (d *draft) anyDate() bool {
	if d.recordDate() || d.Layout.UsesToday() || d.DeadLetters != nil {
		return true
	}
	return slices.ContainsFunc([]string{"H", "M", "S"}, d.Layout.Uses)
}

// checkActs reports settings that are written and do not act.
func (d *draft) checkActs(r *reader) {
	defaults := d.settings().defaults("", map[string]any{})
	for _, a := range acts {
		if a.acts(d) {
			continue
		}
		for _, setting := range a.settings {
			for _, path := range written(r, defaults, setting) {
				text := fmt.Sprintf("%s: it has no effect here: write %s, or remove it", path, a.write)
				if a.wrong {
					r.fail(fmt.Errorf("%s", text))
				} else if !r.said(path) {
					r.warn(text)
				}
			}
		}
	}
	d.checkVariables(r)
	d.checkBloom(r)
	if d.Batching.Count > 1 && period(d.Batching.Period) == 0 {
		r.warn(fmt.Sprintf("batching.period: it is missing, so that a batch waits for its %d records however long that takes, and at the end of the input for ever: write 1s", d.Batching.Count))
	}
}

// written are the settings of a path, or below it, that have another value than
// their default.
func written(r *reader, defaults map[string]any, setting string) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(defaults)) {
		group := strings.HasSuffix(setting, ".") && strings.HasPrefix(path, setting)
		if path != setting && !group {
			continue
		}
		value, err := r.conf.FieldAny(strings.Split(path, ".")...)
		if err == nil && fmt.Sprint(value) != fmt.Sprint(defaults[path]) {
			found = append(found, path)
		}
	}
	return found
}

// checkVariables names those that no name uses.
func (d *draft) checkVariables(r *reader) {
	if d.Layout == nil {
		return
	}
	used := d.Layout.Variables()
	for _, name := range slices.Sorted(maps.Keys(d.naming.variables)) {
		if !slices.Contains(used, name) {
			r.warn(fmt.Sprintf("variables.%s: it has no effect here: write {{%s}} into folder or file_name, or remove it", name, name))
		}
	}
}

// checkBloom looks for columns that are not declared.
func (d *draft) checkBloom(r *reader) {
	fields := d.format.columnar.schema.Fields
	if d.format.name != "parquet" || d.format.columnar.schema.Mode != schema.Fixed || len(fields) == 0 {
		return
	}
	fields = slices.DeleteFunc(slices.Clone(fields), func(f schema.FieldConfig) bool { return slices.Contains(d.format.without, f.Name) })
	paths := columnPaths("", fields)
	for i, path := range d.format.columnar.parquet.BloomColumns {
		if !slices.Contains(paths, path) {
			r.fail(fmt.Errorf("parquet.bloom_filters[%d]: %q is no column of schema.fields: write one of %s", i, path, strings.Join(paths, ", ")))
		}
	}
}

// columnPaths are the paths of the columns that hold values.
func columnPaths(below string, fields []schema.FieldConfig) []string {
	var paths []string
	for i := range fields {
		f := &fields[i]
		path := strings.TrimPrefix(below+"."+f.Name, ".")
		for f.Items != nil || f.Values != nil {
			if f.Items != nil {
				path, f = path+".list.element", f.Items
				continue
			}
			paths = append(paths, path+".key_value.key")
			path, f = path+".key_value.value", f.Values
		}
		if len(f.Fields) > 0 {
			paths = append(paths, columnPaths(path, f.Fields)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
