package parquet

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// lateAfter is after how many values a column leaves its dictionary for later, if hardly
// any of them came again.
const lateAfter = 256

// postpones reports whether the dictionary is to be made when all values are known. Large
// dictionaries of many columns do not stay in the cache while rows come in; one after the
// other they do.
func (c *column) postpones() bool {
	n := len(c.ids)
	return c.later && n >= lateAfter && c.dict.len() > n-n/32
}

// valuesOfIDs turns ids back into values.
func (c *column) valuesOfIDs() {
	c.hasDict = false
	for _, id := range c.ids {
		c.addPlain(c.dict.value(id))
	}
	c.ids = c.ids[:0]
	c.dict.reset()
}

// words gives ids to the values of a whole column.
type words struct {
	// slots have the hash of a word in the upper half, and its id+1 in the lower.
	slots []uint64
	// ends are where words end in the dictionary page, from 0 on.
	ends []uint32
}

const minWords = 1 << 13

// lateLayout is textLayout for a column that has postponed its dictionary. The file is
// the one that a dictionary from the beginning would give.
func (b *builder) lateLayout(c *column) layout {
	if !b.lateIDs(c) {
		c.late, c.wait = false, retryAfter
		return layout{encoding: format.Plain}
	}
	n, ids := len(b.late.ends)-1, b.intIDList
	size := len(b.dict) - n*lengthSize
	l := layout{encoding: format.Plain, held: c.buffered() - len(c.plain) - 4*len(c.ends) + 4*len(ids) + size}
	if dictPays(len(ids), n, size) {
		l.encoding, l.dictionary, l.size, l.ids = format.RLEDictionary, b.dict, n, ids
	}
	return l
}

// lateIDs fills b.dict and b.intIDList, unless a dictionary from the beginning would have
// been dropped.
func (b *builder) lateIDs(c *column) bool {
	w, dict := &b.late, b.dict[:0]
	w.reset()
	ids := slices.Grow(b.intIDList[:0], len(c.ends))[:len(c.ends)]
	b.intIDList = ids
	start := uint32(0)
	for i, end := range c.ends {
		v := c.plain[start:end] // with its length
		start = end
		sum := hash(v[lengthSize:])
		id, slot := w.find(dict, v, sum)
		if id < 0 {
			n := len(w.ends) - 1
			if i >= judgeAfter && n > c.mostDistinct(i) || len(dict)-n*lengthSize+len(v)-lengthSize > maxDictionary {
				b.dict = dict
				return false
			}
			id = int32(n)
			dict = append(dict, v...)
			w.add(uint32(len(dict)), sum, slot)
		}
		ids[i] = id
	}
	b.dict = dict
	return true
}

func (w *words) reset() {
	if len(w.slots) == 0 || len(w.ends)*16 < len(w.slots) && len(w.slots) > minWords {
		w.slots = make([]uint64, max(minWords, len(w.slots)/2))
	} else {
		clear(w.slots)
	}
	w.ends = append(w.ends[:0], 0)
}

// hash is that of a text; the seeds keep anybody from choosing texts that collide.
func hash(text []byte) uint32 {
	if len(text) > maxShort {
		return uint32(maphash.Bytes(hashSeed, text))
	}
	lo, hi := pack(text)
	return uint32(mix(lo, hi))
}

// find returns the id of a word, or -1 and the slot that it is to have. Word and
// dictionary have lengths in front of texts.
func (w *words) find(dict, word []byte, sum uint32) (id int32, slot int) {
	mask := len(w.slots) - 1
	for slot = int(sum) & mask; ; slot = (slot + 1) & mask {
		s := w.slots[slot]
		if s == 0 {
			return -1, slot
		}
		if uint32(s>>32) != sum {
			continue
		}
		id = int32(uint32(s)) - 1
		if bytes.Equal(dict[w.ends[id]:w.ends[id+1]], word) {
			return id, slot
		}
	}
}

// add takes a word that was not found.
func (w *words) add(end, sum uint32, slot int) {
	w.ends = append(w.ends, end)
	n := len(w.ends) - 1
	w.slots[slot] = uint64(sum)<<32 | uint64(n)
	if n*2 > len(w.slots) {
		w.grow()
	}
}

func (w *words) grow() {
	old := w.slots
	w.slots = make([]uint64, 2*len(old))
	mask := len(w.slots) - 1
	for _, s := range old {
		if s == 0 {
			continue
		}
		slot := int(s>>32) & mask
		for w.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		w.slots[slot] = s
	}
}
