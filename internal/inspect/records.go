package inspect

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/rows"
)

// Records returns the records of an object in their order, each as JSON in one line.
// A line is valid until the next one. An error is the last one that comes: also when
// all records were read and the metadata speaks of another number.
func (o *Output) Records(ctx context.Context, at Landed, key string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		found, err := o.Look(ctx, at, key)
		if err != nil {
			yield(nil, err)
			return
		}
		count := int64(0)
		table, err := o.table()
		if err != nil {
			yield(nil, err)
			return
		}
		object := rows.Object{Key: key, Size: found.Size, Content: parts(ctx, at, key)}
		for line, err := range rows.Of(object, table) {
			if err != nil {
				yield(nil, fmt.Errorf("reading the records of %s: %w", key, err))
				return
			}
			count++
			if !yield(line, nil) {
				return
			}
		}
		if found.Rows != nil && *found.Rows != count {
			yield(nil, fmt.Errorf("reading the records of %s: it has %d, and was stored with %d by its metadata: it was changed, or is damaged", key, count, *found.Rows))
		}
	}
}

// table is how objects of csv are read.
func (o *Output) table() (rows.Table, error) {
	csv := o.conf.Format.Table.CSV
	t := rows.Table{CSV: o.csv(), Header: csv.Header || csv.Separator == 0} // objects of another format may be there
	if t.Header {
		return t, nil
	}
	for i := range o.conf.Columns.Len() {
		t.Columns = append(t.Columns, o.conf.Columns.Name(i))
	}
	memory, err := o.conf.Format.Columns.For(&record.Record{})
	if err != nil {
		return t, fmt.Errorf("reading the columns that are declared: %w", err)
	}
	fields := memory.Schema().Fields
	for i := range fields {
		t.Columns = append(t.Columns, fields[i].ColumnName())
	}
	return t, nil
}

// parts reads parts of an object.
func parts(ctx context.Context, at Landed, key string) io.ReaderAt {
	return readerAt(func(p []byte, off int64) (int, error) {
		content, err := at.Range(ctx, key, off, int64(len(p)))
		if err == nil && len(content) < len(p) {
			err = io.EOF
		}
		return copy(p, content), err
	})
}
