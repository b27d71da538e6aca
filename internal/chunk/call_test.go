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

// Partitions that were large one after the other, and are open all at once with
// few records each, must not make room for large ones all at once.
func TestOpenChunksMakeRoomWithinTheMemoryLimit(t *testing.T) {
	const partitions, limit = 200, 16 << 20
	lines := make([]string, 3000)
	for i := range lines {
		lines[i] = fmt.Sprintf("%0300d", i)
	}
	bubble(t, Config{MaxAge: time.Second, MaxFileSize: 1 << 20, MemoryLimit: limit}, &memory{}, func(t *testing.T, m *Manager) {
		for i := range partitions {
			_, err := write(t.Context(), m, fmt.Sprint(i), lines...)
			require.NoError(t, err)
		}
		var small []*writing
		for i := range partitions {
			small = append(small, goWrite(t.Context(), m, fmt.Sprint(i), "x"))
		}
		time.Sleep(time.Millisecond)
		m.mu.Lock()
		room := int64(0)
		for _, c := range m.byAge {
			room += int64(max(cap(c.records), cap(c.owners))) * entrySize
		}
		assert.Len(t, m.byAge, partitions)
		assert.LessOrEqual(t, room, int64(limit/8*5/4)) // some of it for size classes
		assert.Greater(t, room, int64(limit/16), "what is known is used")
		m.mu.Unlock()
		for _, w := range small {
			<-w.done
		}
		m.mu.Lock()
		assert.Zero(t, m.ahead)
		m.mu.Unlock()
	})
}
