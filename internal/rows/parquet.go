package rows

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	encoded "github.com/s3-destination/s3-destination/internal/encode/parquet"
)

const (
	// parquetBuffers is what all columns together read ahead.
	parquetBuffers = 8 << 20
	// parquetRows is how many rows are put together at once.
	parquetRows = 64
)

// parquet reads a file, a page of each column at a time.
func (r *reader) parquet(o Object) error {
	footer, err := encoded.ReadFooter(o.Content, o.Size)
	if err != nil {
		return fmt.Errorf("reading the footer: %w", err)
	}
	buffer := max(leastAhead, parquetBuffers/max(len(footer.Fields), 1))
	file, err := openParquet(o, buffer)
	if err != nil {
		return err
	}
	row := assembler{root: columnOf(file.Root()), values: make([][]parquet.Value, len(file.Schema().Columns()))}
	for i, group := range file.RowGroups() {
		err := r.rowGroup(group, &row, func(values map[string]any) {
			r.line = appendRecord(r.line[:0], footer.Fields, values)
		})
		if err != nil {
			return fmt.Errorf("row group %d: %w", i, err)
		}
	}
	return nil
}

// openParquet reads the footer.
func openParquet(o Object, buffer int) (*parquet.File, error) {
	options := []parquet.FileOption{parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(buffer)}
	file, err := parquet.OpenFile(o.Content, o.Size, options...)
	if err != nil {
		return nil, fmt.Errorf("reading the footer: %w", err)
	}
	plain, err := unpack(o, file, buffer)
	if err != nil || plain == nil {
		return file, err
	}
	if file, err = parquet.OpenFile(plain.Content, plain.Size, options...); err != nil {
		return nil, fmt.Errorf("reading the footer: %w", err)
	}
	return file, nil
}

// rowGroup hands out the rows of a group, each of which line writes.
func (r *reader) rowGroup(group parquet.RowGroup, row *assembler, line func(map[string]any)) (err error) {
	in := group.Rows()
	defer func() { err = errors.Join(err, in.Close()) }()
	var room [parquetRows]parquet.Row
	for left := group.NumRows(); left > 0; {
		n, err := in.ReadRows(room[:])
		for i := range n {
			line(row.assemble(room[i]))
			if err := r.hand(r.line); err != nil {
				return err
			}
		}
		left -= int64(n)
		if err != nil && (left > 0 || !errors.Is(err, io.EOF)) {
			return err //nolint:wrapcheck // the caller says what was being read
		}
	}
	return nil
}
