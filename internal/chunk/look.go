package chunk

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/best"
)

// Look is what a Manager holds at one moment, for people.
type Look struct {
	// Stats are those that are observed.
	Stats
	// Chunks are counted by what becomes of them: Sealed wait for an encoder,
	// Encoded for an upload, and Refused for the store to accept others.
	Open, Sealed, Encoding, Encoded, Landing, Refused int
	// Fill counts the open chunks by tenths of the largest size of an object that
	// they are expected to fill. The last one has those that are nearly full.
	Fill [10]int
	// Chunks are the oldest and the fullest of them.
	Chunks []Holding
}

// Holding is one chunk.
type Holding struct {
	Kind Kind
	Path string
	// State is a word for what is done with it.
	State   string
	Records int
	// Bytes is the size of the object: expected until it is encoded. Most is the
	// largest one, 0 for none.
	Bytes, Most int64
	// Since is when the oldest record arrived.
	Since time.Time
	// Refusal is why the store does not accept its objects; nil if it does.
	Refusal error
}

// Part is how much of the largest size an object has, from 0 to 1; 0 where there is no
// largest size.
func Part(bytes, most int64) float64 {
	if most <= 0 {
		return 0
	}
	return min(float64(bytes)/float64(most), 1)
}

// Tenth is the index in [Look.Fill] of a part.
func Tenth(part float64) int { return min(int(part*10), 9) }

// Look tells what is held, with up to most of the oldest chunks and as many of the
// fullest. It takes a moment for each chunk that there is, with the lock held.
func (m *Manager) Look(most int) Look {
	m.lock()
	defer m.unlock()
	l := Look{Stats: m.stats()}
	for s, count := range map[state]*int{
		open: &l.Open, sealed: &l.Sealed, encoding: &l.Encoding, encoded: &l.Encoded, landing: &l.Landing,
	} {
		*count = m.ledger.tallies[s].chunks
	}
	l.Refused = l.Parked
	oldest := best.New(most, func(a, b *chunk) bool { return a.first.Before(b.first) })
	fullest := best.New(most, func(a, b *chunk) bool { return a.filled() > b.filled() })
	for _, s := range []state{open, sealed, encoding, encoded, landing, parked, forming} {
		for _, c := range m.ledger.in(s) {
			if c.records == 0 {
				continue
			}
			oldest.Offer(c)
			if s == open {
				l.Fill[Tenth(c.filled())]++
				fullest.Offer(c)
			}
		}
	}
	for _, c := range best.Together(oldest.All(), fullest.All()) {
		l.Chunks = append(l.Chunks, c.holding())
	}
	return l
}

// filled is the part of the largest size that the chunk has.
func (c *chunk) filled() float64 { return Part(c.bytes, c.most) }

// holding is the chunk for people.
func (c *chunk) holding() Holding {
	h := Holding{
		Kind: c.part.kind, Path: c.part.path, State: c.state.String(), Records: c.records,
		Bytes: c.bytes, Most: c.most, Since: c.first,
	}
	if c.parkedIn != nil {
		h.Refusal = c.parkedIn.reason
	}
	return h
}
