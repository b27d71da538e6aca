package parquet

import (
	"fmt"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/bitpack"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// block is a row group apart from its file: all offsets in it count from its
// own first byte.
type block struct {
	data   []byte
	group  format.RowGroup
	chunks []chunk
}

// chunk is what the page index holds about one column of a block.
type chunk struct {
	offsets format.OffsetIndex
	index   []byte // the marshalled column index; nil when there is none
}

// builder turns filled columns into blocks. Its buffers are reused; a block is
// valid until the next build.
type builder struct {
	compressor *compressor
	pageSize   int
	deltas     bool // integers may be delta encoded

	block  block
	page   []byte
	packed []byte
	dict   []byte
	narrow []int32

	intTable  []int32
	intDict   []int64
	intIDList []int32
	words     []word
	late      words
}

// build returns the block of the given columns, which hold rows rows.
func (b *builder) build(columns []*column, rows int) (*block, error) {
	b.block.data = b.block.data[:0]
	b.block.chunks = make([]chunk, len(columns))
	b.block.group = format.RowGroup{
		Columns: make([]format.ColumnChunk, len(columns)),
		NumRows: int64(rows),
	}
	g := &b.block.group
	for i, c := range columns {
		if err := b.column(c, &g.Columns[i], &b.block.chunks[i]); err != nil {
			return nil, fmt.Errorf("encoding column %q: %w", c.path, err)
		}
		g.TotalByteSize += g.Columns[i].MetaData.TotalUncompressedSize
		g.TotalCompressedSize += g.Columns[i].MetaData.TotalCompressedSize
	}
	for i, c := range columns {
		if c.bloom {
			b.filter(c, &g.Columns[i].MetaData)
		}
	}
	return &b.block, nil
}

// detach gives the last block away, so that the next build leaves it alone.
func (b *builder) detach() *block {
	own := b.block
	b.block = block{data: make([]byte, 0, len(own.data)+len(own.data)/8)}
	return &own
}

// column appends all pages of one column.
func (b *builder) column(c *column, cc *format.ColumnChunk, index *chunk) error {
	start := len(b.block.data)
	l := b.layout(c)
	meta := &cc.MetaData
	*meta = format.ColumnMetaData{
		Type: c.physical, Path: c.path, Codec: b.compressor.codec,
		Encodings: []format.Encoding{l.encoding}, NumValues: int64(c.entries()),
	}
	if c.maxDef > 0 || c.maxRep > 0 {
		meta.Encodings = append(meta.Encodings, format.RLE)
	}
	if l.encoding == format.RLEDictionary {
		meta.Encodings = append(meta.Encodings, format.Plain)
		if err := b.dictionary(&l, meta); err != nil {
			return err
		}
		meta.DictionaryPageOffset = int64(start)
	}
	meta.DataPageOffset = int64(len(b.block.data))
	pages := pageStats{column: c}
	c.pages(b.pageSize, l.held, func(p page) {
		if pages.err == nil {
			pages.err = b.dataPage(c, &l, p, meta, &pages, index)
		}
	})
	if pages.err != nil {
		return pages.err
	}
	c.remember(l.content.way)
	meta.EncodingStats = append(meta.EncodingStats, format.PageEncodingStats{
		PageType: format.DataPage, Encoding: l.encoding, Count: int32(len(index.offsets.Pages)),
	})
	meta.TotalCompressedSize = int64(len(b.block.data) - start)
	meta.Statistics = pages.chunk()
	index.index = pages.columnIndex()
	return nil
}

// entries is the number of values and nulls.
func (c *column) entries() int {
	if c.maxDef == 0 || c.dense {
		return c.values
	}
	return len(c.defs)
}

func (b *builder) dictionary(l *layout, meta *format.ColumnMetaData) error {
	packed, err := b.compressor.page(b.packed, l.dictionary, &l.words)
	if err != nil {
		return err
	}
	meta.EncodingStats = append(meta.EncodingStats, format.PageEncodingStats{
		PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1,
	})
	header := format.PageHeader{Type: format.DictionaryPage, NumValues: int32(l.size), Encoding: format.Plain}
	b.append(&header, packed, len(l.dictionary), meta)
	return nil
}

// append appends a page with its header.
func (b *builder) append(h *format.PageHeader, packed []byte, plain int, meta *format.ColumnMetaData) {
	h.UncompressedSize, h.CompressedSize = int32(plain), int32(len(packed))
	start := len(b.block.data)
	b.block.data = h.Append(b.block.data)
	meta.TotalUncompressedSize += int64(len(b.block.data) - start + plain)
	b.block.data = append(b.block.data, packed...)
	if b.compressor.codec != format.Uncompressed {
		b.packed = packed
	}
}

// dataPage appends one data page, version 1.
func (b *builder) dataPage(c *column, l *layout, p page, meta *format.ColumnMetaData, stats *pageStats, index *chunk) error {
	b.page = b.page[:0]
	if c.maxRep > 0 {
		b.page = bitpack.AppendLevels(b.page, c.reps[p.from:p.to], c.maxRep)
	}
	if c.dense {
		b.page = bitpack.AppendEqualLevels(b.page, c.maxDef, p.to-p.from)
	} else if c.maxDef > 0 {
		b.page = bitpack.AppendLevels(b.page, c.defs[p.from:p.to], c.maxDef)
	}
	l.content.first = len(b.page)
	if l.content.size > 0 && l.content.text && !c.even(p.firstValue, p.endValue, l.content.size) {
		l.content.size = 0
	}
	b.page = b.values(b.page, c, l, p.firstValue, p.endValue)
	packed, err := b.compressor.page(b.packed, b.page, &l.content)
	if err != nil {
		return err
	}
	start := len(b.block.data)
	header := format.PageHeader{
		Type: format.DataPage, NumValues: int32(p.to - p.from), Encoding: l.encoding, Statistics: stats.add(p),
	}
	b.append(&header, packed, len(b.page), meta)
	index.offsets.Pages = append(index.offsets.Pages, format.PageLocation{
		Offset: int64(start), Size: int32(len(b.block.data) - start), FirstRowIndex: int64(p.row),
	})
	return nil
}

// page is a range of a column's entries that starts with a row.
type page struct {
	from, to             int // entries
	firstValue, endValue int
	row                  int
}

// maxPageRows is the number of rows of a page, as other writers have it: the
// page index lets readers skip pages, and large ones leave little to skip.
const maxPageRows = 20_000

// pages cuts the column into pages of about size bytes and calls yield for
// each, if the column holds total bytes; 0 says that it holds what is buffered. A
// column always has at least one page.
func (c *column) pages(size, total int, yield func(page)) {
	n := c.entries()
	step := min(max(1, n), maxPageRows)
	if total == 0 {
		total = c.buffered()
	}
	if total > size {
		step = min(step, max(1, int(int64(n)*int64(size)/int64(total))))
	}
	p := page{}
	for {
		p.to = min(p.from+step, n)
		rows := p.to - p.from
		if c.maxRep > 0 {
			for p.to < n && c.reps[p.to] != 0 {
				p.to++
			}
			rows = count(c.reps[p.from:p.to], 0)
		}
		if c.maxDef == 0 || c.dense {
			p.endValue = p.to
		} else {
			p.endValue = p.firstValue + count(c.defs[p.from:p.to], c.maxDef)
		}
		yield(p)
		if p.to == n {
			return
		}
		p.row += rows
		p.from, p.firstValue = p.to, p.endValue
	}
}

func count(levels []uint8, level uint8) int {
	n := 0
	for _, l := range levels {
		if l == level {
			n++
		}
	}
	return n
}

// place moves the block's offsets to its position in a file.
func (b *block) place(at int64) {
	b.group.FileOffset = at
	for i := range b.group.Columns {
		m := &b.group.Columns[i].MetaData
		m.DataPageOffset += at
		if slices.Contains(m.Encodings, format.RLEDictionary) {
			m.DictionaryPageOffset += at
		}
		if m.BloomFilterLength > 0 {
			m.BloomFilterOffset += at
		}
		for j := range b.chunks[i].offsets.Pages {
			b.chunks[i].offsets.Pages[j].Offset += at
		}
	}
}
