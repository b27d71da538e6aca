package parquet

import (
	"encoding/binary"

	"github.com/klauspost/compress/s2"
)

// snappyBlock is how much of a page a thorough search covers: what repeats is then so
// near that it is named in two bytes or three.
const snappyBlock = 64 << 10

// thorough reports whether a page is worth a longer search. Texts of one size are, such
// as times and identifiers, if it makes them smaller by an eleventh: it takes twice the
// time.
func (c *compressor) thorough(src []byte, of *content) bool {
	if of.way == untold && of.text && of.size > 0 {
		part := src[:min(len(src), snappyBlock)]
		c.other = s2.EncodeSnappy(c.other[:cap(c.other)], part)
		quick := len(c.other)
		c.other = s2.EncodeSnappyBetter(c.other[:cap(c.other)], part)
		of.way = asStream
		if len(c.other) < quick-quick/11 {
			of.way = thoroughly
		}
	}
	return of.way == thoroughly && of.size > 0
}

// snappyBlocks compresses a page by a thorough search. Blocks only look back into
// themselves, and readers see one.
func (c *compressor) snappyBlocks(dst, src []byte) []byte {
	dst = binary.AppendUvarint(dst[:0], uint64(len(src)))
	for len(src) > 0 {
		part := src[:min(len(src), snappyBlock)]
		src = src[len(part):]
		c.other = s2.EncodeSnappyBetter(c.other[:cap(c.other)], part)
		_, size := binary.Uvarint(c.other)
		dst = append(dst, c.other[size:]...)
	}
	return dst
}
