package avro

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// codec compresses the blocks of a file.
type codec struct {
	name  string // as the file's header has it
	zstd  *zstd.Encoder
	flate *flate.Writer
	out   bytes.Buffer
	buf   []byte
}

func newCodec(name string, level int) (c *codec, err error) {
	c = &codec{name: name}
	switch name {
	case "":
		c.name = "snappy"
	case "snappy", "null":
	case "deflate":
		if level == 0 {
			level = 5
		}
		c.flate, err = flate.NewWriter(nil, level)
	case "zstandard":
		if level == 0 {
			level = 3
		}
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20),
			zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)))
	default:
		return nil, fmt.Errorf("codec %q: use snappy, deflate, zstandard or null", name)
	}
	if err != nil {
		return nil, fmt.Errorf("preparing codec %s: %w", name, err)
	}
	return c, nil
}

// compress returns the compressed block, valid until the next call.
func (c *codec) compress(src []byte) ([]byte, error) {
	switch c.name {
	case "null":
		return src, nil
	case "snappy":
		// Avro's snappy blocks end with the checksum of what they hold.
		if size := s2.MaxEncodedLen(len(src)) + crc32.Size; cap(c.buf) < size {
			c.buf = make([]byte, size)
		}
		c.buf = s2.EncodeSnappy(c.buf[:cap(c.buf)], src)
		c.buf = binary.BigEndian.AppendUint32(c.buf, crc32.ChecksumIEEE(src))
		return c.buf, nil
	case "zstandard":
		c.buf = c.zstd.EncodeAll(src, c.buf[:0])
		return c.buf, nil
	}
	c.out.Reset()
	c.flate.Reset(&c.out)
	if _, err := c.flate.Write(src); err != nil {
		return nil, fmt.Errorf("compressing a block: %w", err)
	}
	if err := c.flate.Close(); err != nil {
		return nil, fmt.Errorf("compressing a block: %w", err)
	}
	return c.out.Bytes(), nil
}
