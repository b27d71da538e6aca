package chunk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A chunk goes from its seal to its object step by step, may end at any time, and
// never comes back from its end.
func TestChunkGoesFromStateToState(t *testing.T) {
	next := map[state]state{open: sealed, sealed: encoding, encoding: encoded, encoded: landing, landing: landed, parked: sealed, forming: sealed}
	for from := range states {
		step, on := next[from]
		assert.Equal(t, !on, from.final(), "%s", from)
		for to := range states {
			c := &chunk{id: "chunk-1", part: partition{path: "a"}, state: from}
			if on && (to == step || to == failed || to == dissolved) {
				c.become(to)
				assert.Equal(t, to, c.state)
			} else {
				assert.PanicsWithValue(t, `chunk chunk-1 of partition "a" cannot go from `+from.String()+" to "+to.String(), func() { c.become(to) })
			}
		}
	}
}

func TestStatesHaveNames(t *testing.T) {
	var names []string
	for s := range states {
		names = append(names, s.String())
	}
	assert.Equal(t, []string{"open", "sealed", "encoding", "encoded", "landing", "parked", "forming", "landed", "failed", "dissolved"}, names)
}

// Gauges show what is open, under way, waiting and parked.
func TestStatsTellWhatThereIs(t *testing.T) {
	m := still(Config{MemoryLimit: 1000, Uploads: 3})
	assert.Equal(t, Stats{UploadLimit: 3}, m.stats())
	old := m.comes(100, committed)
	old.arrived = time.Unix(1e9, 0)
	m.comes(200, admitted)
	m.comes(70, done)
	m.comes(900, asking)
	m.comes(50, asking)
	m.opens("a", 60, 6)
	m.opens("b", 40, 4)
	m.seal(m.opens("c", 30, 3), Size)
	m.parks("d")
	m.ledger.parkedCalls = callTotals{calls: 1, charge: 30}
	assert.Equal(t, Stats{
		OpenPartitions: 2, Uploading: 1, UploadLimit: 3, Calls: 5, Oldest: old.arrived,
		GatedCalls: 2, GatedBytes: 950, HeldBytes: 370 + 13, Parked: 1, ParkedBytes: 30,
	}, m.stats())
}
