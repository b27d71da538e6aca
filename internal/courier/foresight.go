package courier

import (
	"math"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// Where the records of an object end is mostly for the encoder to say: it takes as many
// as fit. Where that can be told before, the next object of the stream is encoded beside
// it, by another encoder. Who was wrong has the next one made again.

const (
	// margin is how much smaller than the limit an object is made at least whose end is
	// told before, and leastFill how large it has to become to be worth it.
	margin, leastFill = 0.01, 0.95
	// measured is how many objects in a row tell how far sizes are from what is expected,
	// and fades the part of the largest distance that is remembered from one to the next.
	measured, fades = 2, 0.8
	// unmeasured is the part of the limit that an object surely has room in, about whose
	// size nothing is known.
	unmeasured = 0.5
	// cautious is of how many objects of a stream no end is foreseen after one was wrong:
	// some end for other reasons than their size, such as columns, and may do so always.
	// mostWrong is how many such streams are remembered.
	cautious, mostWrong = 16, 1 << 12
)

// spread is how far the sizes of objects in a row were from what was expected of them,
// as a part of that.
type spread struct {
	objects int
	most    float64
}

// note notes an object.
func (s *spread) note(expected float64, size int64) {
	s.objects++
	s.most = max(s.most*fades, math.Abs(float64(size)/expected-1))
}

// fill is the part of the limit that an object may be expected to have so that it surely
// fits; 0 where that cannot be told, or is too little.
func (s *spread) fill() float64 {
	if f := 1 - margin - 2*s.most; s.objects >= measured && f >= leastFill {
		return f
	}
	return 0
}

// foresee reports whether all records of a batch surely become one object. For that it
// leaves some of them to the next one, if an encoder has time for it.
func (c *Courier) foresee(w *work, kind chunk.Kind, b *spool.Batch) bool {
	if cap(c.encoders) < 2 || len(b.Records) == 0 {
		return false
	}
	expected, fill, known := c.expected(w, kind)
	if !known {
		return false
	}
	ends := len(b.Records) == c.cfg.Chunks.MaxRecords
	largest := c.cfg.Chunks.CapOf(kind)
	if largest <= 0 {
		return ends
	}
	n := fitting(b.Records, max(fill, unmeasured)*float64(largest)/expected)
	if n == len(b.Records) {
		return ends
	}
	if fill == 0 || n == 0 || float64(w.Bytes)*expected < 2*float64(largest) {
		return false
	}
	b.UpTo(n)
	return true
}

// expected is the size of an object of a stream for each byte of its records, and the
// part of the limit that it may have by that: 0 where it is as large as it can be,
// because other streams have work for all encoders. It is not known of a stream that was
// wrong about one of late.
func (c *Courier) expected(w *work, kind chunk.Kind) (ratio, fill float64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.sealing[w.ID]; ch != nil && len(c.sealing) < cap(c.encoders) {
		fill = ch.spread.fill()
	}
	return c.ratios.Of(kind, w.Path), fill, c.wrong[w.ID] == 0
}

// fitting is how many of the first records have so many bytes at most.
func fitting(records [][]byte, bytes float64) int {
	left := int64(bytes)
	for i, r := range records {
		if left -= int64(len(r)); left < 0 {
			return i
		}
	}
	return len(records)
}

// learn notes what became of records. Where their end is not what was foreseen, nothing
// follows them that has begun.
func (c *Courier) learn(w *work, kind chunk.Kind, raw, size int64, wrong bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.sealing[w.ID]; ch != nil && raw > 0 && size > 0 {
		ch.spread.note(float64(raw)*c.ratios.Of(kind, w.Path), size)
		ch.broken = ch.broken || wrong
	}
	c.ratios.Learn(kind, w.Path, raw, size)
	switch left := c.wrong[w.ID]; {
	case wrong:
		c.doubt(w.ID)
	case left > 1:
		c.wrong[w.ID] = left - 1
	default:
		delete(c.wrong, w.ID)
	}
}

// doubt remembers a stream that was wrong, in place of another one when there are too
// many: some are gone. The caller holds the lock.
func (c *Courier) doubt(id uint64) {
	for other := range c.wrong {
		if len(c.wrong) < mostWrong {
			break
		}
		delete(c.wrong, other)
	}
	c.wrong[id] = cautious
}
