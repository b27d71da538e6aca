package inspect

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/rows"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Landed is where an output has written to.
type Landed interface {
	Listing(ctx context.Context, prefix, after string, limit int) ([]store.Listed, error)
	Stat(ctx context.Context, key string) (store.About, error)
	Range(ctx context.Context, key string, off, n int64) ([]byte, error)
}

// Object is what can be told of an object that has landed.
type Object struct {
	store.About

	// Rows are by the metadata, or else by the footer; nil where neither tells.
	Rows *int64 `json:"rows,omitempty"`
	// Reason is why the object was rolled, and Source where its records came from.
	Reason string `json:"roll_reason,omitempty"`
	Source string `json:"source,omitempty"`
	// Columns are those of the file; nil for formats without, and where they were
	// not read.
	Columns []Column `json:"columns,omitempty"`
}

// Column is a column of a file.
type Column struct {
	Name string `json:"name"`
	// Declaration is what the setting schema.fields says of such a column, beside
	// the name; empty for csv, which has no types.
	Declaration string `json:"declaration,omitempty"`
}

// StaticPrefix is what the keys of the output begin with.
func (o *Output) StaticPrefix() string { return o.conf.Layout.StaticPrefix() }

// Look tells what the metadata of an object says.
func (o *Output) Look(ctx context.Context, at Landed, key string) (Object, error) {
	about, err := at.Stat(ctx, key)
	if err != nil {
		return Object{}, err //nolint:wrapcheck // says what was being done
	}
	found := Object{About: about, Reason: about.Metadata[landing.MetaReason], Source: about.Metadata[source.MetaRanges]}
	if rows, err := strconv.ParseInt(about.Metadata[landing.MetaRows], 10, 64); err == nil {
		found.Rows = &rows
	}
	return found, nil
}

// Describe tells what metadata and content of an object say. Of parquet the footer is
// read, of others the beginning.
func (o *Output) Describe(ctx context.Context, at Landed, key string) (Object, error) {
	found, err := o.Look(ctx, at, key)
	if err != nil {
		return found, err
	}
	if err := o.columns(&found, parts(ctx, at, key)); err != nil {
		return found, fmt.Errorf("reading the columns of %s: %w", key, err)
	}
	return found, nil
}

// readerAt reads parts of an object.
type readerAt func(p []byte, off int64) (int, error)

// ReadAt implements io.ReaderAt.
func (r readerAt) ReadAt(p []byte, off int64) (int, error) { return r(p, off) }

// ahead is how much is read of the beginning of an object at once.
const ahead = 64 << 10

// columns adds what the content tells, by the end of the name.
func (o *Output) columns(found *Object, file io.ReaderAt) error {
	name, zipped := strings.CutSuffix(found.Key, ".gz")
	begin := bufio.NewReaderSize(io.NewSectionReader(file, 0, found.Size), ahead)
	switch ext := path.Ext(name); {
	case ext == ".parquet":
		footer, err := parquet.ReadFooter(file, found.Size)
		if err != nil {
			return err
		}
		found.Columns = columnsOf(footer.Fields)
		if found.Rows == nil {
			found.Rows = &footer.Rows
		}
		if found.Source == "" {
			found.Source = footer.Source
		}
	case ext == ".avro":
		fields, err := avro.ReadSchema(begin)
		if err != nil {
			return err
		}
		found.Columns = columnsOf(fields)
	case ext == ".csv" && o.conf.Format.Table.CSV.Header:
		return o.header(found, begin, zipped)
	}
	return nil
}

// header adds the columns that the first row of csv names.
func (o *Output) header(found *Object, in *bufio.Reader, zipped bool) error {
	if zipped {
		plain, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		in = bufio.NewReader(plain)
	}
	table := o.csv()
	table.In = in
	row, err := table.Next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	for _, c := range row {
		found.Columns = append(found.Columns, Column{Name: c.Text})
	}
	return err
}

// csv is how csv of the output is read, also where it writes another format.
func (o *Output) csv() rows.CSV {
	csv := o.conf.Format.Table.CSV
	return rows.CSV{Separator: cmp.Or(csv.Separator, ','), Backslash: csv.Backslash, Null: csv.Null}
}

func columnsOf(fields []schema.Field) []Column {
	columns := make([]Column, len(fields))
	for i := range fields {
		columns[i] = Column{Name: fields[i].Name, Declaration: declaration(&fields[i])}
	}
	return columns
}
