package scanner

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// magics are the first bytes of what is compressed.
var magics = map[string][]byte{
	compressionGzip: {0x1f, 0x8b},
	compressionZstd: {0x28, 0xb5, 0x2f, 0xfd},
}

// compressedRead is how much is read at once of what is compressed.
const compressedRead = 64 << 10

// largestWindow is what zstd --long=27 makes, which its own program takes.
const largestWindow = 128 << 20

// decompressor reads a source and finds out how it is compressed. It reads from
// nobody's goroutine but its caller's, which some inputs rely on.
type decompressor struct {
	source    io.Reader
	algorithm string
	head      []byte // what was read to find out
	inner     io.Reader
}

// Read implements io.Reader.
func (d *decompressor) Read(p []byte) (int, error) {
	if d.inner == nil {
		if err := d.open(); err != nil {
			return 0, err
		}
	}
	n, err := d.inner.Read(p)
	if err != nil && !isEnd(err) && d.algorithm != compressionNone {
		err = d.damaged(err)
	}
	return n, err
}

// damaged tells a broken file from a reader that fails.
func (d *decompressor) damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("decompressing %s: the file is cut off: fetch or write it anew: %w", d.algorithm, err)
	}
	return fmt.Errorf("decompressing %s: %w", d.algorithm, err)
}

// open begins to decompress.
func (d *decompressor) open() error {
	if d.algorithm == compressionAuto {
		found, err := d.look()
		if err != nil {
			return err
		}
		d.algorithm = found
	}
	if d.algorithm == compressionNone {
		d.inner = d.all()
		return nil
	}
	inner := bufio.NewReaderSize(d.all(), compressedRead)
	if d.algorithm == compressionGzip {
		r, err := gzip.NewReader(inner)
		if isEnd(err) { // nothing at all, which is no file of gzip but an empty one
			return err
		}
		if err != nil {
			return d.damaged(err)
		}
		d.inner = r
		return nil
	}
	r, err := zstd.NewReader(inner, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(largestWindow))
	if err != nil {
		return d.damaged(err)
	}
	d.inner = r // which has nothing to close with one goroutine
	return nil
}

// eof is the end of a source.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// all is the source from its first byte on. It does not ask it again once it has
// ended.
func (d *decompressor) all() io.Reader {
	return io.MultiReader(bytes.NewReader(d.head), d.source)
}

// look reads as much as is needed to tell how the source is compressed: a byte,
// mostly. A source that is asked again goes on where it was.
func (d *decompressor) look() (string, error) {
	for {
		open := false
		for algorithm, magic := range magics {
			if bytes.HasPrefix(d.head, magic) {
				return algorithm, nil
			}
			open = open || bytes.HasPrefix(magic, d.head)
		}
		if !open {
			return compressionNone, nil
		}
		next := make([]byte, 1)
		n, err := d.source.Read(next)
		d.head = append(d.head, next[:n]...)
		if isEnd(err) {
			d.source = eof{} // some sources say so once, and block afterwards
			if n > 0 {
				continue
			}
			return compressionNone, nil
		}
		if err != nil {
			return "", err
		}
	}
}
