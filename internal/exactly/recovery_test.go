package exactly

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestATakeoverEndsWhileItsObjectsLand: once the ledger has the sources, it changes
// what is known of their objects. The race detector notices who looks at them beside
// it.
func TestATakeoverEndsWhileItsObjectsLand(t *testing.T) {
	epochs := left(t)
	g := NewLedger(DefaultLimit, counter(100))
	takeover := NewTakeover(counter(100), []Fetched{{Source: p0, Print: 7, End: far, Epochs: epochs}})
	rec := NewRecovery(g, takeover)
	ticket := rec.Read(p0)
	var announced Slot
	for _, r := range takeover.Reads() {
		for o := r.From; o < r.To; o++ {
			announced, _ = rec.Place(r.Source, o, 1)
		}
	}
	require.True(t, ticket.Arrived(nil))
	var landing sync.WaitGroup
	landing.Go(func() {
		for !g.Alive(announced) {
			_ = g.Reason()
		}
		for range 100 {
			g.Landed(announced)
		}
	})
	all, err := rec.Finish(t.Context())
	require.NoError(t, err)
	landing.Wait()
	require.Len(t, all, 1)
	assert.True(t, rec.Uses(announced))
}
