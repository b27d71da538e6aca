package parquet

import (
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/zrows"
)

// content describes the pages of a column chunk, as far as it tells how to compress
// them.
type content struct {
	first int // where the values of the page begin
	size  int // how long each is; 0 when they are not of one size
	text  bool
	way   way
}

// way is how values of one size are compressed, by what the first page tells.
type way uint8

const (
	untold     way = iota
	asRows         // by what each has in common with the one before it
	asStream       // by what repeats anywhere
	thoroughly     // the same, by a search that takes longer
)

const (
	// leastSample is how much of the values of a page decides, where a sixteenth of them
	// is less.
	leastSample = 8 << 10
	mostSample  = 64 << 10
	// leastBits is from which size on a page of bits is compressed twice.
	leastBits = 4 << 10
	// keepWay is for how many row groups a way is kept: both are tried then, as
	// other partitions may have other data.
	keepWay = 32
)

// remember keeps the way of a chunk for those that follow.
func (c *column) remember(w way) {
	if c.way == untold && w != untold {
		c.way, c.ways = w, keepWay
	}
}

// page returns the compressed form of a page, in dst if it has room.
func (c *compressor) page(dst, src []byte, of *content) ([]byte, error) {
	if c.codec == format.Snappy && c.thorough(src, of) {
		return c.snappyBlocks(dst, src), nil
	}
	if c.deflate != nil {
		return c.slowGzip(dst, src, of)
	}
	if c.codec != format.Zstd || len(src) > zrows.MaxSize {
		return c.compress(dst, src)
	}
	switch {
	case of.size > 0 && of.way == untold && len(src)-of.first <= 2*leastSample:
		return c.smaller(dst, src, of), nil
	case of.size > 0 && of.way == untold:
		c.sample(src, of)
	case of.size == 0 && !of.text:
		return c.bits(dst, src), nil
	}
	if of.size > 0 && of.way == asRows {
		return c.rows.Append(dst[:0], src, of.first, of.size), nil
	}
	return c.stream(dst, src, of), nil
}

func (c *compressor) stream(dst, src []byte, of *content) []byte {
	if of.text {
		return c.literal.EncodeAll(src, dst[:0])
	}
	return c.zstd.EncodeAll(src, dst[:0])
}

// slowGzip compresses a page by a search that knows prices, unless the quicker one makes
// the beginning smaller, as it does with sentences and small integers.
func (c *compressor) slowGzip(dst, src []byte, of *content) ([]byte, error) {
	if of.way == untold {
		part := src[:min(len(src), mostSample)]
		quick, err := c.compressGzip(c.other, part)
		if err != nil {
			return nil, err
		}
		c.other = quick
		size := len(quick)
		c.other = c.deflate.Append(c.other[:0], part)
		of.way = asStream
		if len(c.other) < size {
			of.way = thoroughly
		}
	}
	if of.way == thoroughly {
		return c.deflate.Append(dst[:0], src), nil
	}
	return c.compressGzip(dst, src)
}

// smaller compresses a short page both ways.
func (c *compressor) smaller(dst, src []byte, of *content) []byte {
	dst = c.rows.Append(dst[:0], src, of.first, of.size)
	c.other = c.stream(c.other, src, of)
	of.way = asRows
	if len(c.other) < len(dst) {
		of.way = asStream
		dst = append(dst[:0], c.other...)
	}
	return dst
}

// sample compresses the beginning of a page both ways, of one that has more values than
// that.
func (c *compressor) sample(src []byte, of *content) {
	part := src[:of.first+min(max(leastSample, (len(src)-of.first)/16), mostSample)]
	c.other = c.stream(c.other, part, of)
	stream := len(c.other)
	c.other = c.rows.Append(c.other[:0], part, of.first, of.size)
	of.way = asRows
	if stream < len(c.other) {
		of.way = asStream
	}
}

// bits compresses a page of numbers of a few bits each. Where nothing repeats, some
// bytes may still be more frequent than others.
func (c *compressor) bits(dst, src []byte) []byte {
	dst = c.zstd.EncodeAll(src, dst[:0])
	if len(src) < leastBits || len(dst) < len(src)-len(src)/32 {
		return dst
	}
	c.other = c.rows.Append(c.other[:0], src, 0, 0)
	if len(c.other) < len(dst) {
		dst = append(dst[:0], c.other...)
	}
	return dst
}
