package parquet

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/deflate"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/zrows"
)

// compressor compresses pages, one at a time.
type compressor struct {
	codec format.Codec
	zstd  *zstd.Encoder
	// literal is a zstd that also packs what nothing repeats in, as texts that differ:
	// some of their characters are more frequent than others.
	literal *zstd.Encoder
	rows    *zrows.Encoder // with zstd
	other   []byte         // a second form of a page
	gzip    *gzip.Writer
	deflate *deflate.Encoder // of those from slowGzip on
	lz4     lz4.Compressor
}

// zstdWindow is as large as the pages: a larger window costs memory for
// nothing.
const zstdWindow = 1 << 20

// defaultZstd makes files 1 to 9 % larger than level 3 would, in three quarters
// of its time: encoded columns leave little for a longer search to find.
const defaultZstd = 1

// slowGzip is the level from which on pages with gzip are searched as thoroughly as
// other writers do it at that level, in two to three times the time.
const slowGzip = deflate.LeastLevel

func newCompressor(name string, level int) (*compressor, error) {
	switch name {
	case "", "zstd":
		if level == 0 {
			level = defaultZstd
		}
		z, err := newZstd(level, false)
		if err != nil {
			return nil, err
		}
		literal, err := newZstd(level, true)
		return &compressor{codec: format.Zstd, zstd: z, literal: literal, rows: zrows.New()}, err
	case "snappy":
		return &compressor{codec: format.Snappy}, nil
	case "gzip":
		if level == 0 {
			level = 5
		}
		z, err := gzip.NewWriterLevel(nil, level)
		if err != nil {
			return nil, fmt.Errorf("preparing gzip: %w", err)
		}
		c := &compressor{codec: format.Gzip, gzip: z}
		if level >= slowGzip {
			c.deflate = deflate.New(level)
		}
		return c, nil
	case "lz4_raw":
		return &compressor{codec: format.Lz4Raw}, nil
	case "none":
		return &compressor{codec: format.Uncompressed}, nil
	}
	return nil, fmt.Errorf("compression %q: use zstd, snappy, gzip, lz4_raw or none", name)
}

func newZstd(level int, literals bool) (*zstd.Encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow),
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderCRC(false),
		zstd.WithAllLitEntropyCompression(literals))
	if err != nil {
		return nil, fmt.Errorf("preparing zstd: %w", err)
	}
	return z, nil
}

// compress returns the compressed form of src, in dst if it has room.
func (c *compressor) compress(dst, src []byte) ([]byte, error) {
	switch c.codec {
	case format.Uncompressed:
		return src, nil
	case format.Zstd:
		return c.zstd.EncodeAll(src, dst[:0]), nil
	case format.Snappy:
		return s2.EncodeSnappy(dst[:cap(dst)], src), nil
	case format.Gzip:
		return c.compressGzip(dst, src)
	case format.Lz4Raw:
		return c.compressLz4(dst, src)
	}
	return nil, fmt.Errorf("compressing a page: codec %d is unknown", c.codec)
}

func (c *compressor) compressGzip(dst, src []byte) ([]byte, error) {
	out := bytes.NewBuffer(dst[:0])
	c.gzip.Reset(out)
	if _, err := c.gzip.Write(src); err != nil {
		return nil, fmt.Errorf("compressing a page with gzip: %w", err)
	}
	if err := c.gzip.Close(); err != nil {
		return nil, fmt.Errorf("compressing a page with gzip: %w", err)
	}
	return out.Bytes(), nil
}

func (c *compressor) compressLz4(dst, src []byte) ([]byte, error) {
	if most := lz4.CompressBlockBound(len(src)); cap(dst) < most {
		dst = make([]byte, most)
	}
	n, err := c.lz4.CompressBlock(src, dst[:cap(dst)])
	if err != nil {
		return nil, fmt.Errorf("compressing a page with lz4: %w", err)
	}
	return dst[:n], nil
}
