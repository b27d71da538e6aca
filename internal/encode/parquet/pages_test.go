package parquet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

func encodeRecords(t testing.TB, e encode.Encoder, records []record.Record) []byte {
	t.Helper()
	var buf bytes.Buffer
	res, err := e.Encode(&buf, records, 0)
	require.NoError(t, err)
	require.Equal(t, len(records), res.Rows, "%v", res.Refused)
	return buf.Bytes()
}

func open(data []byte) (*parquetgo.File, error) {
	return parquetgo.OpenFile(bytes.NewReader(data), int64(len(data)))
}

// columns lists the columns of a file with their physical types.
func columns(t testing.TB, data []byte) (out []string) {
	t.Helper()
	f, err := open(data)
	require.NoError(t, err)
	for _, c := range f.Root().Columns() {
		if c.Leaf() {
			out = append(out, c.Name()+":"+c.Type().Kind().String())
			continue
		}
		out = append(out, c.Name()+":group")
	}
	return out
}

// pageValues reads a file page by page with parquet-go and compares every page
// with what the file says about it: counts, bounds and the page index. It
// returns the number of values.
func pageValues(data []byte) (int, error) {
	f, err := open(data)
	if err != nil {
		return 0, err
	}
	total := 0
	for g, group := range f.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			n, err := checkChunk(chunk, group.NumRows())
			if err != nil {
				return 0, fmt.Errorf("row group %d, column %d: %w", g, i, err)
			}
			if m := f.Metadata().RowGroups[g].Columns[i].MetaData; m.NumValues != int64(n) {
				return 0, fmt.Errorf("row group %d, column %d: %d values, not %d", g, i, n, m.NumValues)
			}
			total += n
		}
	}
	return total, nil
}

func checkChunk(chunk parquetgo.ColumnChunk, want int64) (int, error) {
	pages := chunk.Pages()
	defer pages.Close()
	index, _ := chunk.ColumnIndex()
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return 0, err
	}
	total, rows := 0, int64(0)
	typ := chunk.Type()
	for i := 0; ; i++ {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) && rows != want {
			return 0, fmt.Errorf("%d rows, not %d", rows, want)
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return 0, err
		}
		values := make([]parquetgo.Value, p.NumValues())
		if n, err := p.Values().ReadValues(values); n != len(values) || err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("page %d: %d of %d values: %w", i, n, len(values), err)
		}
		if offsets.FirstRowIndex(i) != rows {
			return 0, fmt.Errorf("page %d begins with row %d, not %d", i, offsets.FirstRowIndex(i), rows)
		}
		if index != nil {
			if err := checkBounds(index, i, typ, values); err != nil {
				return 0, fmt.Errorf("page %d: %w", i, err)
			}
		}
		rows += p.NumRows()
		total += len(values)
		parquetgo.Release(p)
	}
}

func checkBounds(index parquetgo.ColumnIndex, i int, typ parquetgo.Type, values []parquetgo.Value) error {
	nulls := int64(0)
	for _, v := range values {
		if v.IsNull() {
			nulls++
			continue
		}
		if compare(typ, v, index.MinValue(i)) < 0 || compare(typ, v, index.MaxValue(i)) > 0 {
			return fmt.Errorf("%v is not between %v and %v", v, index.MinValue(i), index.MaxValue(i))
		}
	}
	if index.NullCount(i) != nulls || index.NullPage(i) != (nulls == int64(len(values))) {
		return fmt.Errorf("%d nulls, not %d (null page: %v)", nulls, index.NullCount(i), index.NullPage(i))
	}
	return nil
}

// compare orders values as the format defines. parquet-go takes decimals in
// byte arrays for unsigned; they are two's complement.
func compare(typ parquetgo.Type, a, b parquetgo.Value) int {
	l := typ.LogicalType()
	if l == nil || typ.Kind() != parquetgo.FixedLenByteArray || !strings.HasPrefix(l.String(), "DECIMAL") {
		return typ.Compare(a, b)
	}
	x, y := bytes.Clone(a.ByteArray()), bytes.Clone(b.ByteArray())
	x[0], y[0] = x[0]^0x80, y[0]^0x80
	return bytes.Compare(x, y)
}
