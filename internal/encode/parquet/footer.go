package parquet

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/record"
)

// footer collects what a file's end says about its row groups.
type footer struct {
	config *Config
	// renamed are the columns that have other names in records; empty for none.
	renamed string
	meta    format.FileMetaData
	groups  []group
}

// group is a row group with its page index, marshalled.
type group struct {
	format.RowGroup
	columns [][]byte
	offsets [][]byte
}

func (t *footer) begin(p *plan, config *Config) {
	t.config, t.renamed = config, p.renamed
	t.meta = format.FileMetaData{Version: 2, Schema: p.elements, CreatedBy: config.CreatedBy}
}

// groupOf marshals the page index of a block that has its place.
func groupOf(b *block, ordinal int) group {
	g := group{RowGroup: b.group}
	g.Ordinal = int16(ordinal)
	for i := range b.chunks {
		c := &b.chunks[i]
		g.columns = append(g.columns, c.index)
		g.offsets = append(g.offsets, c.offsets.Append(nil))
	}
	return g
}

// accept adds a block for good.
func (t *footer) accept(b *block) { t.groups = append(t.groups, groupOf(b, len(t.groups))) }

// tail returns what follows the row groups, which end at the given position.
// candidate is an additional block to take into account; it may be nil.
func (t *footer) tail(at int64, candidate *block, rows int64, records []record.Record) []byte {
	groups := t.groups
	if candidate != nil {
		groups = append(groups[:len(groups):len(groups)], groupOf(candidate, len(groups)))
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
	start := len(out)
	out = t.meta.Append(out)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(out)-start))
	return append(out, magic...)
}

func (t *footer) metadata(rows int64, records []record.Record) {
	t.meta.KeyValues = append(t.meta.KeyValues[:0],
		format.KeyValue{Key: "s3_destination.rows", Value: strconv.FormatInt(rows, 10)})
	if t.renamed != "" {
		t.meta.KeyValues = append(t.meta.KeyValues, format.KeyValue{Key: "s3_destination.names", Value: t.renamed})
	}
	if t.config.Metadata == nil {
		return
	}
	for _, kv := range t.config.Metadata(records) {
		t.meta.KeyValues = append(t.meta.KeyValues, format.KeyValue(kv))
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
	layout, err := format.ReadLayout(tail[n-8-length : n-8])
	if err != nil {
		return fmt.Errorf("reading the footer: %w", err)
	}
	position, total := int64(len(magic)), int64(0)
	for i := range layout.Groups {
		g := &layout.Groups[i]
		total += g.NumRows
		for j := range g.Columns {
			if start := g.Columns[j].Start(); start != position {
				return fmt.Errorf("row group %d, column %d begins at %d, not at %d", i, j, start, position)
			}
			position += g.Columns[j].Size
		}
		for j := range g.Columns {
			position += int64(g.Columns[j].BloomFilterLength)
		}
	}
	if position != at {
		return fmt.Errorf("the row groups end at %d, not at %d", position, at)
	}
	if total != rows || layout.NumRows != rows {
		return fmt.Errorf("the footer tells %d and %d rows, not %d", layout.NumRows, total, rows)
	}
	return nil
}
