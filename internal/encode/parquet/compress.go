package parquet

import (
	"fmt"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/gzip"
	"github.com/parquet-go/parquet-go/compress/lz4"
	"github.com/parquet-go/parquet-go/format"
)

// compressor compresses pages, one at a time.
type compressor struct {
	codec format.CompressionCodec
	zstd  *zstd.Encoder
	other compress.Codec
}

// zstdWindow is as large as the pages: a larger window costs memory for
// nothing.
const zstdWindow = 1 << 20

// defaultZstd makes files 4 to 7 % larger than level 3 would, in three quarters
// of its time: encoded columns leave little for a longer search to find.
const defaultZstd = 1

func newCompressor(name string, level int) (*compressor, error) {
	switch name {
	case "", "zstd":
		if level == 0 {
			level = defaultZstd
		}
		z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow),
			zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderCRC(false))
		if err != nil {
			return nil, fmt.Errorf("preparing zstd: %w", err)
		}
		return &compressor{codec: format.Zstd, zstd: z}, nil
	case "snappy":
		return &compressor{codec: format.Snappy}, nil
	case "gzip":
		if level == 0 {
			level = 5
		}
		return &compressor{codec: format.Gzip, other: &gzip.Codec{Level: level}}, nil
	case "lz4_raw":
		return &compressor{codec: format.Lz4Raw, other: &lz4.Codec{Level: lz4.Fastest}}, nil
	case "none":
		return &compressor{codec: format.Uncompressed}, nil
	}
	return nil, fmt.Errorf("compression %q: use zstd, snappy, gzip, lz4_raw or none", name)
}

// compress returns the compressed form of src, in dst if it has room.
func (c *compressor) compress(dst, src []byte) ([]byte, error) {
	switch c.codec { //nolint:exhaustive // the others are all alike
	case format.Uncompressed:
		return src, nil
	case format.Zstd:
		return c.zstd.EncodeAll(src, dst[:0]), nil
	case format.Snappy:
		return s2.EncodeSnappy(dst[:cap(dst)], src), nil
	}
	out, err := c.other.Encode(dst, src)
	if err != nil {
		return nil, fmt.Errorf("compressing a page: %w", err)
	}
	return out, nil
}
