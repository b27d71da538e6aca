package parquet

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/bitpack"
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// patient reports whether a dictionary of text is worth a longer trial. Without
// compression it is smaller wherever values come again; with slow gzip a sorted one is.
// Other codecs are for speed.
func (c *compressor) patient() bool {
	return c.codec == format.Uncompressed || c.deflate != nil
}

// textLayout returns the dictionary of a column of text that has one. With slow gzip it
// is sorted: values then begin as those before them.
func (b *builder) textLayout(c *column) layout {
	n := c.dict.len()
	if b.compressor.deflate == nil {
		b.dict = b.dict[:0]
		for id := range int32(n) {
			b.appendWord(c.dict.value(id))
		}
		return layout{encoding: format.RLEDictionary, dictionary: b.dict, size: n, ids: c.ids}
	}
	b.sortWords(c)
	if n > len(c.ids)/4 && !b.dictShrinks(c) {
		c.dropDict() // pages are cut by what the column holds
		return layout{encoding: format.Plain}
	}
	return layout{encoding: format.RLEDictionary, dictionary: b.dict, size: n, ids: b.intIDList}
}

func (b *builder) appendWord(v []byte) {
	b.dict = binary.LittleEndian.AppendUint32(b.dict, uint32(len(v)))
	b.dict = append(b.dict, v...)
}

// word is a value of a dictionary, and its first bytes as a number.
type word struct {
	head uint64
	id   int32
}

// sortWords fills b.dict with the values of a dictionary in their order, and b.intIDList
// with the places that the values of the column have there.
func (b *builder) sortWords(c *column) {
	n := c.dict.len()
	b.words = b.words[:0]
	for id := range int32(n) {
		b.words = append(b.words, word{head(c.dict.value(id)), id})
	}
	slices.SortFunc(b.words, func(x, y word) int {
		if x.head != y.head {
			return cmp(x.head, y.head)
		}
		return bytes.Compare(c.dict.value(x.id), c.dict.value(y.id))
	})
	b.dict = b.dict[:0]
	places := slices.Grow(b.intDict[:0], n)[:n]
	for place, w := range b.words {
		b.appendWord(c.dict.value(w.id))
		places[w.id] = int64(place)
	}
	b.intIDList = b.intIDList[:0]
	for _, id := range c.ids {
		b.intIDList = append(b.intIDList, int32(places[id]))
	}
	b.intDict = places
}

// sampleText is how much of a page tells how its texts are compressed.
const sampleText = 64 << 10

// dictShrinks reports whether a sorted dictionary of many values takes less than the
// values themselves, both compressed. Ids are taken for what does not compress.
func (b *builder) dictShrinks(c *column) bool {
	plain, n := 0, 0
	for _, id := range c.ids {
		plain += lengthSize + len(c.dict.value(id))
	}
	if plain > 4*len(b.dict) { // some are long, and are not to be written out
		return true
	}
	b.page = b.page[:0]
	for ; n < c.values && len(b.page) < sampleText; n++ {
		b.page = c.appendPlain(b.page, n, n+1)
	}
	packed := b.packedSize(b.page, plain)
	b.page = bitpack.AppendIndexes(b.page[:0], b.intIDList)
	return b.packedSize(b.dict, len(b.dict))+len(b.page) < packed
}

// packedSize is about what size bytes take that begin as page does.
func (b *builder) packedSize(page []byte, size int) int {
	part := page[:min(len(page), sampleText)]
	packed, err := b.compressor.compress(b.packed, part)
	if err != nil || len(part) == 0 {
		return size
	}
	b.packed = packed
	return len(packed) * size / len(part)
}
