package chunk

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// A call must not make room for all of its records in each of its partitions,
// whatever the call before it was like.
func TestCallOfManyPartitionsMakesRoomForItsRecordsOnce(t *testing.T) {
	const n = 1000
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		for _, before := range []string{"no call", "a call of one partition"} {
			c := m.Arrive()
			require.NoError(t, c.Admit(t.Context(), n, n))
			for i := range n {
				c.Add(fmt.Append(nil, "p", i), "", record.Record{Raw: []byte("x")}, i)
			}
			brought := c.arrange()
			require.Len(t, brought, n)
			assert.LessOrEqual(t, cap(c.records)+cap(c.indexes), 2*n+64, "after %s", before)
			for i := range brought {
				assert.Equal(t, 1, brought[i].run.len())
				assert.Equal(t, fmt.Sprint("p", brought[i].run.index(0)), brought[i].part.path)
			}
			c.Release()
			_, err := write(t.Context(), m, "a", "one")
			require.NoError(t, err)
		}
	})
}

// Partitions that were large one after the other, and are open all at once with
// few records each, must not make room for large ones all at once.
func TestOpenChunksMakeNoRoomAhead(t *testing.T) {
	const partitions, limit = 50, 4 << 20
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
		m.lock()
		assert.Len(t, m.ledger.byAge, partitions)
		for _, c := range m.ledger.byAge {
			assert.LessOrEqual(t, cap(c.runs)*int(unsafe.Sizeof(run{})), 64)
		}
		m.unlock()
		for _, w := range small {
			<-w.done
		}
	})
}
