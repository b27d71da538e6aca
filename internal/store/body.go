package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
)

// blockSize is the unit in which a Body grows. Growing by whole blocks means
// that bytes are written once and never moved, whatever the final size.
const blockSize = 1 << 20

// pools keep blocks for reuse, by size. The first block of a body is a small one,
// and moves to a larger one when it is full: a process may have dozens of objects
// of a few kilobytes on their way, and memory_limit counts their bytes only. They
// hold *[]byte rather than []byte so that putting one back does not allocate a
// slice header.
var pools = [...]*sync.Pool{blocksOf(smallBlock), blocksOf(4 * smallBlock), blocksOf(blockSize)}

// smallBlock is the size of the first block of a body.
const smallBlock = blockSize / 16

func blocksOf(size int) *sync.Pool {
	return &sync.Pool{New: func() any {
		b := make([]byte, size)
		return &b
	}}
}

// poolOf is the pool of blocks of that many bytes or the next larger ones.
func poolOf(size int) *sync.Pool {
	switch {
	case size <= smallBlock:
		return pools[0]
	case size <= 4*smallBlock:
		return pools[1]
	default:
		return pools[2]
	}
}

// Body is the content of one object: of known length, rewindable, and read in
// sections by as many requests as needed. The zero value is an empty body.
//
// Write, Reset and ReadFrom must not run beside anything else; once writing has
// ended, any number of sections may be read concurrently.
type Body struct {
	blocks []*[]byte
	size   int64
	// summed: sums has the CRC32C of each block.
	summed bool
	sums   []uint32
}

// Summed returns an empty body that sums what is written to it, as long as that is in
// a cache of the processor.
func Summed() *Body { return &Body{summed: true} }

// BlockWriter takes bytes whose CRC32C is known.
type BlockWriter interface {
	WriteBlock(p []byte, crc32c uint32) (int, error)
}

// BodyOf returns a body that holds a copy of the given chunks, in order.
func BodyOf(chunks ...[]byte) *Body {
	b := &Body{}
	for _, c := range chunks {
		_, _ = b.Write(c) // never fails
	}
	return b
}

// Write appends p. It never fails and keeps no reference to p.
func (b *Body) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := copy(b.room(), p)
		b.sum(p[:n])
		p = p[n:]
		b.size += int64(n)
	}
	return total, nil
}

// sum adds to the sum of the last block.
func (b *Body) sum(p []byte) {
	if b.summed {
		last := &b.sums[len(b.sums)-1]
		*last = crc32.Update(*last, tableCRC32C, p)
	}
}

// crc32c is the checksum of the whole body, if it is summed.
func (b *Body) crc32c() (crc uint64, summed bool) {
	for i, sum := range b.sums {
		n := min(b.size-int64(i)*blockSize, blockSize)
		crc = combineCRC(32, polyCRC32C, crc, uint64(sum), n)
	}
	return crc, b.summed
}

// WriteString appends s. It never fails.
func (b *Body) WriteString(s string) (int, error) {
	if b.summed {
		return b.Write([]byte(s))
	}
	total := len(s)
	for s != "" {
		n := copy(b.room(), s)
		s = s[n:]
		b.size += int64(n)
	}
	return total, nil
}

// room returns the unwritten rest of the last block, with a new or a larger block
// where it is full.
func (b *Body) room() []byte {
	off := int(b.size % blockSize)
	if int64(len(b.blocks))*blockSize <= b.size {
		size := blockSize
		if len(b.blocks) == 0 {
			size = smallBlock
		}
		b.blocks = append(b.blocks, poolOf(size).Get().(*[]byte))
		if b.summed {
			b.sums = append(b.sums, 0)
		}
	}
	last := &b.blocks[len(b.blocks)-1]
	if off == len(**last) {
		*last = larger(*last)
	}
	return (**last)[off:]
}

// larger returns a larger block with the content of one that is full.
func larger(full *[]byte) *[]byte {
	block := poolOf(len(*full) + 1).Get().(*[]byte)
	copy(*block, *full)
	poolOf(len(*full)).Put(full)
	return block
}

// Len is the number of bytes written so far.
func (b *Body) Len() int64 { return b.size }

// Reset empties the body and gives its blocks back for reuse. No section of it
// may be read afterwards. [Store.Put] has stopped reading by the time that it
// returns, on every path.
func (b *Body) Reset() {
	for _, block := range b.blocks {
		poolOf(len(*block)).Put(block)
	}
	*b = Body{}
}

// WriteTo writes the whole body to w without copying it first, with its sums if there
// are some and w is a BlockWriter.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	var written int64
	blocks, takes := w.(BlockWriter)
	takes = takes && b.summed
	err := b.eachBlock(0, b.size, func(p []byte) error {
		var n int
		var err error
		if takes {
			n, err = blocks.WriteBlock(p, b.sums[written/blockSize])
		} else {
			n, err = w.Write(p)
		}
		written += int64(n)
		return err
	})
	return written, err
}

// eachBlock calls fn with the contiguous pieces of [off, off+n).
func (b *Body) eachBlock(off, n int64, fn func([]byte) error) error {
	for n > 0 {
		piece := b.at(off, n)
		if err := fn(piece); err != nil {
			return err
		}
		off += int64(len(piece))
		n -= int64(len(piece))
	}
	return nil
}

// at returns the bytes from off on that are in one block, n of them at most. All
// n must have been written.
func (b *Body) at(off, n int64) []byte {
	block := (*b.blocks[off/blockSize])[off%blockSize:]
	return block[:min(n, int64(len(block)))]
}

// Section returns a reader of n bytes from off, which it clips to the body's
// end. Sections are independent: each has its own position.
func (b *Body) Section(off, n int64) io.ReadSeeker {
	off = min(max(off, 0), b.size)
	return &section{body: b, off: off, size: min(max(n, 0), b.size-off)}
}

// section is a window onto a Body. It is seekable because the SDK rewinds a
// body after it has hashed it.
type section struct {
	body *Body
	off  int64 // start of the window in the body
	size int64
	pos  int64 // relative to off
}

// Len is the number of unread bytes; with it the SDK need not seek to find
// the content length.
func (s *section) Len() int { return int(max(s.size-s.pos, 0)) }

func (s *section) Read(p []byte) (int, error) {
	if s.pos >= s.size {
		return 0, io.EOF
	}
	total := 0
	for len(p) > 0 && s.pos < s.size {
		n := copy(p, s.body.at(s.off+s.pos, s.size-s.pos))
		p = p[n:]
		s.pos += int64(n)
		total += n
	}
	return total, nil
}

// WriteTo implements io.WriterTo, without copying.
func (s *section) WriteTo(w io.Writer) (int64, error) {
	from := s.pos
	err := s.body.eachBlock(s.off+s.pos, s.size-s.pos, func(p []byte) error {
		n, err := w.Write(p)
		s.pos += int64(n)
		return err
	})
	return s.pos - from, err
}

func (s *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += s.pos
	case io.SeekEnd:
		offset += s.size
	default:
		return 0, fmt.Errorf("seeking in a body: unknown whence %d", whence)
	}
	if offset < 0 {
		return 0, errors.New("seeking in a body: negative position")
	}
	s.pos = offset
	return offset, nil
}
