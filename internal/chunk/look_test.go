package chunk

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLookShowsTheOldestAndTheFullest(t *testing.T) {
	cfg := Config{MaxAge: time.Hour, MaxFileSize: 100, MaxInFlight: 1000}
	bubble(t, cfg, &memory{}, func(t *testing.T, m *Manager) {
		assert.Empty(t, m.Look(2).Chunks, "nothing is there yet")
		began := time.Now()
		sizes := []int{10, 20, 90, 35, 70, 5}
		for i, size := range sizes {
			goWrite(t.Context(), m, fmt.Sprint("p", i), sized(size))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		l := m.Look(2)
		assert.Equal(t, len(sizes), l.Open)
		assert.Equal(t, len(sizes), l.Calls)
		assert.Equal(t, [10]int{2: 1, 1: 1, 9: 1, 3: 1, 7: 1, 0: 1}, l.Fill)
		var names []string
		for _, h := range l.Chunks {
			names = append(names, h.Path)
		}
		assert.Equal(t, []string{"p0", "p1", "p2", "p4"}, names, "two that are old, and two that are full")
		assert.Equal(t, Holding{Path: "p0", State: "open", Records: 1, Bytes: 10, Most: 100, Since: began}, l.Chunks[0])
		assert.Len(t, m.Look(4).Chunks, 5, "p2 is old and full, and so is p3")
	})
}

func TestLookShowsWhatIsUnderWay(t *testing.T) {
	p := &memory{latency: time.Minute}
	bubble(t, Config{MaxAge: time.Second, Uploads: 1}, p, func(t *testing.T, m *Manager) {
		for i := range 3 {
			goWrite(t.Context(), m, fmt.Sprint("p", i), "x")
		}
		time.Sleep(2 * time.Second)
		l := m.Look(9)
		assert.Equal(t, 3, l.Open+l.Sealed+l.Encoding+l.Encoded+l.Landing)
		assert.Equal(t, 1, l.Landing)
		require.Len(t, l.Chunks, 3)
		assert.Zero(t, Part(l.Chunks[0].Bytes, l.Chunks[0].Most), "without a largest size")
	})
}

func TestLookSaysWhyAPartitionIsRefused(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 1000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, _ *denying, _ *changes) {
		goWrite(t.Context(), m, "no", "x")
		time.Sleep(10 * time.Second)
		l := m.Look(9)
		assert.Equal(t, 1, l.Refused)
		require.Len(t, l.Chunks, 1)
		require.ErrorContains(t, l.Chunks[0].Refusal, "no")
	})
}

// sized is a record that of so many bytes.
func sized(size int) string { return fmt.Sprintf("%0*d", size, 0) }
