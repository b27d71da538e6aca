package rows

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// unpacked is a file as it would be without compression. parquet-go v0.29 to v0.32 lose
// the content of pages of LZ4_RAW that shrink to less than a third or not at all, and
// allocate without end where such a page is damaged; so they get none to decompress.
type unpacked struct {
	chunks []*plainChunk
	footer []byte
	at     int64 // of the footer, behind the chunks
}

// unpack returns the object to read instead of one with pages of LZ4_RAW; nil for all
// others.
func unpack(o Object, file *parquet.File, buffer int) (*Object, error) {
	meta := *file.Metadata()
	u := &unpacked{at: int64(len(magic))}
	meta.RowGroups = copyOf(meta.RowGroups)
	for i := range meta.RowGroups {
		columns := meta.RowGroups[i].Columns
		for j := range columns {
			c := &columns[j].MetaData
			if c.Codec != format.Lz4Raw {
				return nil, nil // a file has one codec, as far as this program writes it
			}
			begin := c.DataPageOffset
			if c.DictionaryPageOffset > 0 {
				begin = min(begin, c.DictionaryPageOffset)
			}
			chunk := &plainChunk{
				base: u.at, from: io.NewSectionReader(o.Content, begin, c.TotalCompressedSize), buffer: buffer,
			}
			u.chunks = append(u.chunks, chunk)
			c.Codec, c.DictionaryPageOffset, c.DataPageOffset = format.Uncompressed, 0, u.at
			c.TotalCompressedSize = 2*c.TotalUncompressedSize + headersRoom
			u.at += c.TotalCompressedSize
		}
	}
	if len(u.chunks) == 0 {
		return nil, nil
	}
	footer, err := thrift.Marshal(&protocol, &meta)
	if err != nil {
		return nil, fmt.Errorf("writing a footer for pages that are not compressed: %w", err)
	}
	u.footer = append(binary.LittleEndian.AppendUint32(footer, uint32(len(footer))), magic...)
	return &Object{Key: o.Key, Size: u.at + int64(len(u.footer)), Content: u}, nil
}

const (
	magic = "PAR1"
	// headersRoom is more than the headers of pages may grow by.
	headersRoom = 1 << 20
	// largestPage is more than any writer makes: a length beyond is damage.
	largestPage = 1 << 30
)

var protocol thrift.CompactProtocol

// copyOf copies what unpack changes.
func copyOf(groups []format.RowGroup) []format.RowGroup {
	copied := append([]format.RowGroup{}, groups...)
	for i := range copied {
		copied[i].Columns = append(copied[i].Columns[:0:0], copied[i].Columns...)
	}
	return copied
}

// ReadAt implements io.ReaderAt.
func (u *unpacked) ReadAt(p []byte, off int64) (int, error) {
	if off >= u.at {
		return bytes.NewReader(u.footer).ReadAt(p, off-u.at)
	}
	next := sort.Search(len(u.chunks), func(i int) bool { return u.chunks[i].base > off })
	if next == 0 {
		return copy(p, magic[off:]), nil
	}
	return u.chunks[next-1].readAt(p, off)
}

// plainChunk is a chunk of a column without compression, which is read from its
// beginning to its end.
type plainChunk struct {
	base   int64
	from   *io.SectionReader
	buffer int

	in     *bufio.Reader
	page   []byte // the last one, with its header
	pageAt int64
	packed []byte
}

// readAt reads what comes next, or again from the beginning.
func (c *plainChunk) readAt(p []byte, off int64) (n int, err error) {
	if c.in == nil || off < c.pageAt {
		c.in = bufio.NewReaderSize(io.NewSectionReader(c.from, 0, c.from.Size()), c.buffer)
		c.page, c.pageAt = c.page[:0], c.base
	}
	for n < len(p) {
		if behind := off + int64(n) - c.pageAt; behind < int64(len(c.page)) {
			n += copy(p[n:], c.page[behind:])
			continue
		}
		c.pageAt += int64(len(c.page))
		c.page = c.page[:0]
		if err := c.next(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// next reads the next page.
func (c *plainChunk) next() error {
	if _, err := c.in.Peek(1); err != nil {
		return err //nolint:wrapcheck // the end, or the reader says what was being done
	}
	var h format.PageHeader
	if err := thrift.NewDecoder(protocol.NewReader(c.in)).Decode(&h); err != nil {
		return fmt.Errorf("reading the header of a page: %w", err)
	}
	packed, plain := int(h.CompressedPageSize), int(h.UncompressedPageSize)
	levels, compressed := levelsOf(&h)
	if packed < 0 || packed > largestPage || plain < 0 || plain > largestPage || levels < 0 || levels > min(packed, plain) {
		return errors.New("the header of a page is damaged")
	}
	if cap(c.packed) < packed {
		c.packed = make([]byte, packed)
	}
	c.packed = c.packed[:packed]
	if _, err := io.ReadFull(c.in, c.packed); err != nil {
		return fmt.Errorf("reading a page: %w", io.ErrUnexpectedEOF)
	}
	h.CompressedPageSize, h.CRC = h.UncompressedPageSize, 0
	header, err := thrift.Marshal(&protocol, &h)
	if err != nil {
		return fmt.Errorf("writing the header of a page: %w", err)
	}
	c.page = append(append(c.page, header...), c.packed[:levels]...)
	if !compressed {
		c.page = append(c.page, c.packed[levels:]...)
		return nil
	}
	begin := len(c.page)
	c.page = append(c.page, make([]byte, plain-levels)...)
	n, err := lz4.UncompressBlock(c.packed[levels:], c.page[begin:])
	if err != nil || n != plain-levels {
		return fmt.Errorf("decompressing a page: it has %d bytes of %d (%w)", n, plain-levels, err)
	}
	return nil
}

// levelsOf is how many bytes of a page are levels that are never compressed, and whether
// the others are.
func levelsOf(h *format.PageHeader) (size int, compressed bool) {
	if h.Type != format.DataPageV2 {
		return 0, true
	}
	v2 := &h.DataPageHeaderV2.V
	return int(v2.DefinitionLevelsByteLength) + int(v2.RepetitionLevelsByteLength), !v2.IsCompressed.Valid || v2.IsCompressed.V
}
