package chunk

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Chunks are under way from their seal to their end, in whatever state.
func TestChunksAreUnderWayFromSealToEnd(t *testing.T) {
	m := still(Config{})
	path := []state{sealed, encoding, encoded, landing}
	for i := range len(path) + 1 {
		c := m.opens(string(rune('a'+i)), 1, 1)
		for _, s := range path[:i] {
			m.ledger.move(c, s)
		}
		assert.Equal(t, i, m.ledger.underway(), "beside one that is open")
	}
	for _, s := range path {
		m.ledger.move(m.ledger.in(s)[0], failed)
	}
	assert.Zero(t, m.ledger.underway())
	assert.Len(t, m.ledger.in(open), 1)
}

// A chunk that loses its oldest records is as old as what is left, and another
// takes its turn.
func TestChunkIsAsOldAsWhatIsLeftOfIt(t *testing.T) {
	m, began := still(Config{}), time.Unix(1000, 0)
	arrives := func(path string, after time.Duration) *Call {
		c := m.comes(1, committed)
		c.arrived = began.Add(after)
		m.place(partition{path: path}, c.brings(1, 1), false)
		return c
	}
	old := arrives("a", time.Second)
	arrives("b", 2*time.Second)
	young := arrives("a", 3*time.Second)
	arrives("c", 4*time.Second)
	assert.Equal(t, "a", m.ledger.byAge[0].part.path)
	assert.Equal(t, old.arrived, m.ledger.byAge[0].first)

	_, _ = old.withdraw(context.Canceled)
	m.sweep()
	assert.Equal(t, "b", m.ledger.byAge[0].part.path)
	assert.Equal(t, young.arrived, m.ledger.open[partition{path: "a"}].first)
	m.seal(m.ledger.byAge[0], Age)
	assert.Equal(t, "a", m.ledger.byAge[0].part.path)
}

// Every open chunk knows its place among them, and the oldest is the first,
// however they come and go.
func TestOpenChunksKnowTheirPlaces(t *testing.T) {
	for name, ages := range map[string][]time.Duration{
		"older ones first": {9, 8, 7, 6, 5}, "younger ones first": {1, 2, 3, 4, 5}, "in any order": {3, 5, 1, 4, 2}, "all at once": {0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, now := still(Config{}), time.Unix(1000, 0)
			look := func() {
				for i, c := range m.ledger.byAge {
					assert.Equal(t, i, c.heap)
					assert.False(t, c.first.Before(m.ledger.byAge[0].first))
				}
			}
			var all []*chunk
			for i, age := range ages {
				c := m.newChunk(partition{path: string(rune('a' + i))})
				c.first = now.Add(-age)
				m.ledger.begin(c)
				all = append(all, c)
				look()
			}
			for i, c := range []*chunk{all[2], all[4], all[0], all[1], all[3]} {
				m.seal(c, Age)
				assert.Len(t, m.ledger.byAge, 4-i)
				assert.NotContains(t, m.ledger.byAge, c)
				look()
			}
		})
	}
}

// parks adds a parked partition with a chunk that waits.
func (m *Manager) parks(path string) (*parkedPartition, *chunk) {
	p := partition{path: path}
	w := m.ledger.parked[p]
	if w == nil {
		w = &parkedPartition{part: p}
		m.ledger.parked[p] = w
	}
	c := m.newChunk(p)
	c.state, c.parkedIn = parked, w
	m.ledger.begin(c)
	return w, c
}

// Of a parked partition one object is tried at a time, until that one has come
// to its end: what happens to the records behind it changes nothing.
func TestAttemptLastsUntilItsOwnEnd(t *testing.T) {
	m := still(Config{})
	w, probe := m.parks("a")
	m.seal(probe, Recovery)
	w.probe = probe
	_, waits := m.parks("a")
	assert.Same(t, waits, w.chunk)
	m.ledger.move(waits, dissolved)
	assert.Nil(t, w.chunk)
	assert.Same(t, probe, w.probe)
	m.ledger.move(probe, failed)
	assert.Nil(t, w.probe)
}

// A call that gives up does not count among those that wait for parked
// partitions, also when its records are in an object that is being tried.
func TestWithdrawnCallWaitsForNoParkedPartition(t *testing.T) {
	m := still(Config{})
	_, c := m.parks("a")
	call := m.comes(10, committed)
	r := call.brings(2, 5)
	m.ledger.join(c, r)
	assert.Equal(t, callTotals{calls: 1, charge: 10}, m.ledger.parkedCalls)
	m.ledger.hold(c, runs{r})
	assert.Equal(t, callTotals{calls: 1, charge: 10}, m.ledger.parkedCalls, "once, however often its records are moved")
	_, _ = call.withdraw(context.Canceled)
	assert.Zero(t, m.ledger.parkedCalls)
	m.ledger.hold(c, runs{r}) // the encoder says what it took
	assert.Zero(t, m.ledger.parkedCalls)
	assert.Zero(t, call.parkedRecords)
}

// A chunk that has moved on is not kept in memory where it was, and when it
// neither is encoded nor uploaded there is nothing to cancel.
func TestChunkLeavesNothingBehind(t *testing.T) {
	m := still(Config{})
	c := m.opens("a", 1, 1)
	heap := m.ledger.byAge
	m.ledger.move(c, sealed)
	assert.Nil(t, heap[0])
	queue := m.ledger.sealed
	m.ledger.move(c, encoding)
	assert.Nil(t, queue[0])
	c.cancel = func() {}
	m.ledger.move(c, encoded)
	assert.Nil(t, c.cancel)
	queue = m.ledger.encoded
	m.ledger.move(c, landing)
	assert.Nil(t, queue[0])
}

// Without a word about them there is one encoder, one upload, and nobody who
// listens.
func TestConfigIsCompleted(t *testing.T) {
	c := Config{}.complete()
	assert.Equal(t, []int{1, 1}, []int{c.Encoders, c.Uploads})
	assert.NotNil(t, c.Observer)
	obs := &counter{}
	c = Config{Encoders: 3, Uploads: 5, Observer: obs}.complete()
	assert.Equal(t, []int{3, 5}, []int{c.Encoders, c.Uploads})
	assert.Same(t, obs, c.Observer)
}
