package courier

import (
	"github.com/s3-destination/s3-destination/internal/best"
	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// Look is what is on its way at one moment, for people.
type Look struct {
	Stats
	// Making is how many objects are being made, Sending how many are being sent,
	// of SendLimit at once.
	Making, Sending, SendLimit int
	// Fill and Chunks are as those of [chunk.Look].
	Fill   [10]int
	Chunks []chunk.Holding
}

// Look tells what is on its way, with up to most of the oldest streams and as many of
// the fullest.
func (c *Courier) Look(most int) Look {
	l := Look{Stats: Stats{Stats: c.spool.Stats(), Oldest: c.spool.Oldest()}, SendLimit: c.pace.Limit()}
	oldest := best.New(most, func(a, b lookedAt) bool { return a.stream.Since.Before(b.stream.Since) })
	fullest := best.New(most, func(a, b lookedAt) bool { return a.filled() > b.filled() })
	c.mu.Lock()
	l.Making, l.Sending, l.Refused = c.making, len(c.flying), len(c.wards)
	c.spool.Each(func(t spool.Stream) {
		_, sealing := c.sealing[t.ID]
		kind := kindOf(t.Kind)
		at := lookedAt{
			stream: t, sealing: sealing, most: c.cfg.Chunks.CapOf(kind), bytes: int64(float64(t.Bytes) * c.ratios.Of(kind, t.Path)),
		}
		l.Fill[chunk.Tenth(at.filled())]++
		oldest.Offer(at)
		fullest.Offer(at)
	})
	c.mu.Unlock()
	for _, at := range best.Together(oldest.All(), fullest.All()) {
		l.Chunks = append(l.Chunks, at.holding())
	}
	return l
}

// lookedAt is a stream with what its next object is expected to be.
type lookedAt struct {
	stream      spool.Stream
	sealing     bool
	bytes, most int64
}

func (at *lookedAt) filled() float64 { return chunk.Part(at.bytes, at.most) }

// holding is the stream for people.
func (at *lookedAt) holding() chunk.Holding {
	t := &at.stream
	h := chunk.Holding{
		Kind: kindOf(t.Kind), Path: Path(t.Path), State: "spooled", Records: int(t.Records),
		Bytes: at.bytes, Most: at.most, Since: t.Since,
	}
	if at.sealing {
		h.State = "encoding"
	}
	return h
}
