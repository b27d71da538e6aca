package chunk

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// The first call, and one that follows a call of few partitions, expects many
// records in each of its own. It must not make room for all of them in each.
func TestCallOfManyPartitionsMakesRoomForItsRecordsOnce(t *testing.T) {
	const n = 1000
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		for _, before := range []string{"no call", "a call of one partition"} {
			c, err := m.Admit(t.Context(), n, n)
			require.NoError(t, err)
			room := 0
			for i := range n {
				c.Add(fmt.Append(nil, "p", i), "", record.Record{Raw: []byte("x")}, i)
			}
			for _, g := range c.groups {
				room += cap(g.records) + cap(g.owners)
			}
			assert.LessOrEqual(t, room, 2*2*n+64, "after %s", before) // what is made ahead, and what is added
			c.Release()
			_, err = write(t.Context(), m, "a", "one")
			require.NoError(t, err)
		}
	})
}
