package inspect

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/template"
)

// DDL is the statements by which an engine reads the table, and what they leave out.
// Name and location are those of the configuration and the dataset where they are
// empty.
func (t Table) DDL(engine, name, location string) (text string, notes []string, err error) {
	assigner, err := partition.New(t.output.conf.Partition)
	if err != nil {
		return "", nil, err
	}
	layout := t.output.conf.Layout
	fixed, named, others := layout.Split(assigner.Tells)
	table := t.output.conf.Format.Table
	table.Schema, table.Partitions = t.schema, named
	if others > 0 {
		table.Partitions = nil
		notes = append(notes, "Some parts of folder are not of the form name=value: they are no columns.")
	}
	if table.Location = location; location == "" {
		if table.Location, err = t.location(layout, fixed); err != nil {
			return "", nil, err
		}
	}
	if !strings.HasSuffix(table.Location, "/") {
		table.Location += "/"
	}
	if table.Name = name; name == "" {
		table.Name = tableName(table.Location)
	}
	if table.Format == "avro" {
		if table.AvroSchema, err = t.Avro(); err != nil {
			return "", nil, err
		}
	}
	text, more, err := ddl.Write(engine, table)
	return text, append(notes, more...), err
}

// location is the folder of the objects: the part of it that is the same for all
// records of the dataset.
func (t Table) location(layout *template.Layout, fixed int) (string, error) {
	path := layout.StaticPrefix()
	if t.path != "" && t.output.conf.Partition.Dataset == "" {
		path = t.path
	}
	parts := strings.Split(path, "/")
	if len(parts)-1 < fixed {
		return "", errors.New("the folder of the objects depends on the records: say which one it is (--location s3://bucket/folder/)")
	}
	folder := strings.Join(parts[:min(fixed, len(parts)-1)], "/")
	if folder != "" {
		folder += "/"
	}
	return fmt.Sprintf("s3://%s/%s", t.output.conf.Store.Bucket, folder), nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9_]+`)

// tableName is a name made of the last part of a location.
func tableName(location string) string {
	parts := strings.Split(strings.TrimRight(location, "/"), "/")
	last := parts[len(parts)-1]
	if _, value, pair := strings.Cut(last, "="); pair {
		last = value
	}
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(last), "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = strings.TrimRight("table_"+name, "_")
	}
	return name
}
