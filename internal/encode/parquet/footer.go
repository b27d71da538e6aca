package parquet

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3-destination/s3-destination/internal/record"
)

// footer collects what a file's end says about its row groups.
type footer struct {
	config *Config
	meta   format.FileMetaData
	groups []group
}

// group is a row group with its page index, marshalled.
type group struct {
	format.RowGroup
	columns [][]byte
	offsets [][]byte
}

func (t *footer) begin(elements []format.SchemaElement, config *Config) {
	t.config = config
	t.meta = format.FileMetaData{Version: 2, Schema: elements, CreatedBy: config.CreatedBy}
	for _, e := range elements {
		if e.Type.Valid {
			t.meta.ColumnOrders = append(t.meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
		}
	}
}

// groupOf marshals the page index of a block that has its place.
func groupOf(b *block, ordinal int) (group, error) {
	g := group{RowGroup: b.group}
	g.Ordinal = int16(ordinal)
	for i := range b.chunks {
		c := &b.chunks[i]
		data, err := thrift.Marshal(&protocol, &c.offsets)
		if err != nil {
			return g, fmt.Errorf("writing an offset index: %w", err)
		}
		g.columns = append(g.columns, c.index)
		g.offsets = append(g.offsets, data)
	}
	return g, nil
}

// accept adds a block for good.
func (t *footer) accept(b *block) error {
	g, err := groupOf(b, len(t.groups))
	t.groups = append(t.groups, g)
	return err
}

// tail returns what follows the row groups, which end at the given position.
// candidate is an additional block to take into account; it may be nil.
func (t *footer) tail(at int64, candidate *block, rows int64, records []record.Record) ([]byte, error) {
	groups := t.groups
	if candidate != nil {
		g, err := groupOf(candidate, len(groups))
		if err != nil {
			return nil, err
		}
		groups = append(groups[:len(groups):len(groups)], g)
	}
	var out []byte
	t.meta.RowGroups = t.meta.RowGroups[:0]
	for i := range groups {
		g := &groups[i]
		for j := range g.Columns {
			c := &g.Columns[j]
			c.ColumnIndexOffset, c.ColumnIndexLength = 0, 0
			if data := g.columns[j]; data != nil {
				c.ColumnIndexOffset = at + int64(len(out))
				c.ColumnIndexLength = int32(len(data))
				out = append(out, data...)
			}
		}
	}
	for i := range groups {
		g := &groups[i]
		for j, data := range g.offsets {
			g.Columns[j].OffsetIndexOffset = at + int64(len(out))
			g.Columns[j].OffsetIndexLength = int32(len(data))
			out = append(out, data...)
		}
		t.meta.RowGroups = append(t.meta.RowGroups, g.RowGroup)
	}
	t.meta.NumRows = rows
	t.metadata(rows, records)
	data, err := thrift.Marshal(&protocol, &t.meta)
	if err != nil {
		return nil, fmt.Errorf("writing the footer: %w", err)
	}
	out = append(out, data...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	return append(out, magic...), nil
}

func (t *footer) metadata(rows int64, records []record.Record) {
	t.meta.KeyValueMetadata = append(t.meta.KeyValueMetadata[:0],
		format.KeyValue{Key: "s3_destination.rows", Value: strconv.FormatInt(rows, 10)})
	if t.config.Metadata == nil {
		return
	}
	for _, kv := range t.config.Metadata(records) {
		t.meta.KeyValueMetadata = append(t.meta.KeyValueMetadata, format.KeyValue(kv))
	}
}

// verify reads a tail back, as a reader would, and compares it with what was
// written: a file that cannot be read must not be published.
func verify(tail []byte, at, rows int64) error {
	n := len(tail)
	if n < 8 || string(tail[n-4:]) != magic {
		return fmt.Errorf("the file does not end with %s", magic)
	}
	length := int(binary.LittleEndian.Uint32(tail[n-8:]))
	if length > n-8 {
		return fmt.Errorf("the footer of %d bytes is longer than the end of the file", length)
	}
	var decoder format.FooterDecoder
	meta, used, err := decoder.Decode(tail[n-8-length : n-8])
	if err != nil {
		return fmt.Errorf("reading the footer: %w", err)
	}
	if used != length {
		return fmt.Errorf("the footer has %d bytes, not %d", used, length)
	}
	position, total := int64(len(magic)), int64(0)
	for i := range meta.RowGroups {
		g := &meta.RowGroups[i]
		total += g.NumRows
		for j := range g.Columns {
			m := &g.Columns[j].MetaData
			start := m.DataPageOffset
			if m.DictionaryPageOffset > 0 {
				start = m.DictionaryPageOffset
			}
			if start != position {
				return fmt.Errorf("row group %d, column %d begins at %d, not at %d", i, j, start, position)
			}
			position += m.TotalCompressedSize
		}
		for j := range g.Columns {
			position += int64(g.Columns[j].MetaData.BloomFilterLength)
		}
	}
	if position != at {
		return fmt.Errorf("the row groups end at %d, not at %d", position, at)
	}
	if total != rows || meta.NumRows != rows {
		return fmt.Errorf("the footer tells %d and %d rows, not %d", meta.NumRows, total, rows)
	}
	return nil
}
