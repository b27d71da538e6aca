package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

const (
	// Block is a multiple of the unit in which disks are written.
	Block = 4096
	// Large is from which size on it is worth while to go past the page cache. What is
	// so large is written from where it lies, if its place in a block of memory is
	// that in the file; otherwise it is copied first.
	Large = 128 << 10
	// bufferSize is how much is collected.
	bufferSize = 1 << 20
)

// buffer is memory that begins where a block may begin.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any {
	b := make([]byte, bufferSize+Block)
	return &buffer{b[(Block-Place(b))%Block:][:bufferSize]}
}}

// Place is where in a block of memory the first of some bytes lies.
func Place(p []byte) int64 {
	return int64(uintptr(unsafe.Pointer(unsafe.SliceData(p))) % Block) //nolint:gosec // a number, which nothing is reached by
}

// file collects what is written, and writes whole blocks past the page cache: to
// copy them into that and to write them from there costs several times the CPU,
// and little of what the spool writes is read again. What is not a whole block goes
// the usual way, so that nothing is written twice that was synced in between.
type file struct {
	*os.File

	// direct is the same file past the page cache, nil until it is needed; refused
	// says that the file system has no such way.
	direct  directFile
	refused bool
	offset  int64 // up to which the file is written
	// blocks follow from there: whole ones, which are written at one stroke.
	blocks [][]byte
	block  int64 // bytes of the blocks
	// buf has what follows then, each byte at its place in a block: from begun up to
	// filled. It is nil when there is nothing.
	buf           *buffer
	begun, filled int64
	err           error // of a write: what the file holds behind the offset is not known
}

// directFile is what is needed of a file past the page cache.
type directFile interface {
	io.WriterAt
	io.Closer
}

var _ File = (*file)(nil)

// Write implements File.
func (f *file) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) && f.err == nil {
		if rest := p[n:]; len(rest) >= Large && Place(rest) == f.end()%Block {
			f.flush()
			f.put(rest)
			return len(p), f.err
		}
		n += f.collect(p[n:])
	}
	return n, f.err
}

// collect copies as much as there is room for, and returns how much that was.
func (f *file) collect(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	if f.buf == nil {
		f.buf = buffers.Get().(*buffer)
		f.begun = (f.offset + f.block) % Block
		f.filled = f.begun
	}
	n := copy(f.buf.bytes[f.filled:], p)
	f.filled += int64(n)
	if f.filled == bufferSize {
		f.flush()
	}
	return n
}

// end is where the next byte will lie.
func (f *file) end() int64 {
	if f.buf == nil {
		return f.offset + f.block
	}
	return f.offset + f.block + f.filled - f.begun
}

// flush writes what was collected.
func (f *file) flush() {
	f.putBlocks()
	if f.buf == nil || f.err != nil {
		return
	}
	f.put(f.buf.bytes[f.begun:f.filled])
	buffers.Put(f.buf)
	f.buf = nil
}

// put writes bytes that lie in memory at their places in a block: what is left of a
// block that has begun, then whole blocks, then the beginning of one.
func (f *file) put(p []byte) {
	if len(p) >= Large {
		begun := (Block - f.offset%Block) % Block
		f.write(p[:begun])
		whole := (int64(len(p)) - begun) / Block * Block
		f.writePast(p[begun : begun+whole])
		p = p[begun+whole:]
	}
	f.write(p)
}

func (f *file) write(p []byte) {
	if len(p) == 0 || f.err != nil {
		return
	}
	n, err := f.WriteAt(p, f.offset)
	f.offset += int64(n)
	f.err = err
}

// writePast writes whole blocks past the page cache, where there is such a way.
func (f *file) writePast(p []byte) {
	if f.err != nil {
		return
	}
	if f.openPast() {
		n, err := f.direct.WriteAt(p, f.offset)
		f.offset += int64(n)
		if err == nil || !f.refuse(err) {
			return
		}
		p = p[n:]
	}
	f.write(p)
}

// openPast opens the way past the page cache, and reports whether there is one.
func (f *file) openPast() bool {
	if f.direct == nil && !f.refused {
		direct, err := openDirect(f.Name())
		if f.refused = err != nil; err == nil {
			f.direct = direct
		}
	}
	return f.direct != nil
}

// refuse notes what a write past the page cache has failed with, and reports whether it
// is that there is no such way: the usual one is taken from now on.
func (f *file) refuse(err error) bool {
	if !noSuchWay(err) {
		f.err = err
		return false
	}
	f.refused = true
	f.err = f.direct.Close()
	f.direct = nil
	return true
}

// noSuchWay reports whether an error says that the file system has no such way.
func noSuchWay(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)
}

// Sync implements File.
func (f *file) Sync() error {
	f.flush()
	if f.err != nil {
		return f.err
	}
	return f.File.Sync()
}

// Allocate implements File.
func (f *file) Allocate(size int64) error {
	f.flush()
	if f.err != nil {
		return f.err
	}
	err := allocate(f.File, f.offset, size)
	switch {
	case err == nil:
		f.offset += size
		return nil
	case noSuchWay(err):
		return WriteZeros(f, size)
	}
	return fmt.Errorf("allocating %d bytes of %s: %w", size, f.Name(), err)
}

// Close implements File.
func (f *file) Close() error {
	f.flush()
	err := f.err
	if f.direct != nil {
		err = errors.Join(err, f.direct.Close())
	}
	return errors.Join(err, f.File.Close())
}
