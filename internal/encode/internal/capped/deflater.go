package capped

import (
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// DefaultLevel is the compression level used when none is chosen: the last one
// before the price of a few per cent in size doubles.
const DefaultLevel = 5

// Sizes of the gzip frame (RFC 1952) and of the block that ends a deflate
// stream after a flush (RFC 1951, an empty stored block).
const (
	gzipHeader  = 10
	gzipTrailer = 8
	finalBlock  = 5
)

// A deflater writes one gzip member. The frame is written here rather than by
// a gzip.Writer so that an object can end at an earlier flush: a flush leaves
// the stream at a byte boundary, where an empty final block and the checksum
// of what came before complete it.
type deflater struct {
	fw   *flate.Writer
	sink sink

	started bool
	ended   bool  // rolled back: only the frame may follow
	pending int   // raw bytes given to the compressor since the last flush
	out     int64 // compressed bytes up to the last flush
	crc     uint32
	size    uint64 // raw bytes; the trailer holds it modulo 2^32
}

// sink receives what the compressor writes, and passes it on or holds it.
type sink struct {
	w       io.Writer
	n       int64 // passed on
	holding bool
	held    []byte
}

// Write implements io.Writer.
func (k *sink) Write(p []byte) (int, error) {
	if k.holding {
		k.held = append(k.held, p...)
		return len(p), nil
	}
	n, err := k.w.Write(p)
	k.n += int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

func newDeflater(level int) *deflater {
	if level == 0 {
		level = DefaultLevel
	}
	d := &deflater{}
	// The level is within the range that NewWriter accepts.
	d.fw, _ = flate.NewWriter(&d.sink, min(max(level, 1), 9))
	return d
}

func (d *deflater) reset() {
	held := d.sink.held[:0]
	if cap(held) > maxHeld {
		held = nil
	}
	*d = deflater{fw: d.fw, sink: sink{held: held}}
	d.fw.Reset(&d.sink)
}

const maxHeld = 8 << 20

// bound is the largest size the finished object can have when n more raw bytes
// are compressed and tail bytes are stored at the end. Deflate stores what it cannot compress; the allowance covers
// block headers and a code table chosen badly, several times over. What the
// compressor passed on since the last flush is counted as pending.
func (d *deflater) bound(n, tail int) int64 {
	if n += d.pending; n > 0 {
		n += n>>7 + 320
	}
	out := d.out + int64(len(d.sink.held))
	if !d.started {
		out = gzipHeader
	}
	return out + int64(n+tail) + finalBlock + gzipTrailer
}

func (d *deflater) start(w io.Writer) error {
	d.sink.w = w
	if d.started {
		return nil
	}
	d.started = true
	// No name and no time: equal rows give equal objects.
	header := [gzipHeader]byte{0: 0x1f, 1: 0x8b, 2: 8, 9: 255}
	_, err := d.sink.Write(header[:])
	d.out = d.sink.n
	return err
}

func (d *deflater) write(w io.Writer, p []byte) error {
	if err := d.start(w); err != nil {
		return err
	}
	d.crc = crc32.Update(d.crc, crc32.IEEETable, p)
	d.size += uint64(len(p))
	d.pending += len(p)
	_, err := d.fw.Write(p)
	return err
}

// flush passes all that is pending on to w; out is exact afterwards.
func (d *deflater) flush(w io.Writer) error {
	if err := d.start(w); err != nil {
		return err
	}
	err := d.compressAll()
	d.out = d.sink.n
	return err
}

func (d *deflater) compressAll() error {
	d.pending = 0
	return d.fw.Flush()
}

// mark is the state of the stream at a flush.
type mark struct {
	crc  uint32
	size uint64
}

// hold keeps what is compressed from now on until release or rollback.
func (d *deflater) hold() mark {
	d.sink.holding = true
	return mark{d.crc, d.size}
}

func (d *deflater) release(w io.Writer) error {
	d.sink.w, d.sink.holding = w, false
	held := d.sink.held
	d.sink.held = held[:0]
	_, err := d.sink.Write(held)
	d.out = d.sink.n
	return err
}

func (d *deflater) rollback(m mark) {
	d.sink.holding = false
	d.sink.held = d.sink.held[:0]
	d.crc, d.size, d.ended = m.crc, m.size, true
}

// close ends the member after the last flush, or after the mark that was
// returned to, with tail in a stored block, and returns the size of it all.
func (d *deflater) close(w io.Writer, tail []byte) (int64, error) {
	if d.pending > 0 {
		if err := d.flush(w); err != nil {
			return d.sink.n, err
		}
	}
	d.crc = crc32.Update(d.crc, crc32.IEEETable, tail)
	d.size += uint64(len(tail))
	n := uint16(len(tail))
	end := make([]byte, 0, finalBlock+gzipTrailer+len(tail))
	end = append(end, 1) // final, stored
	end = binary.LittleEndian.AppendUint16(end, n)
	end = binary.LittleEndian.AppendUint16(end, ^n)
	end = append(end, tail...)
	end = binary.LittleEndian.AppendUint32(end, d.crc)
	end = binary.LittleEndian.AppendUint32(end, uint32(d.size))
	_, err := d.sink.Write(end)
	return d.sink.n, err
}
