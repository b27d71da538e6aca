package chunk

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A chunk that is due while every worker is busy would only wait in the queue.
// It goes on collecting instead.
func TestChunkThatIsDueGrowsUntilAWorkerIsFree(t *testing.T) {
	p := &memory{latency: 10 * time.Second}
	cfg := Config{MaxAge: time.Second, IdleTimeout: time.Hour, Uploads: 1}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		first := goWrite(t.Context(), m, "a", "first")
		time.Sleep(1500 * time.Millisecond) // its upload takes until 11 s
		var rest []*writing
		for i := range 8 { // each of them would be due after a second
			rest = append(rest, goWrite(t.Context(), m, "a", fmt.Sprint(i)))
			time.Sleep(1100 * time.Millisecond)
		}
		<-first.done
		for _, w := range rest {
			<-w.done
		}
		require.Len(t, p.landed(), 2)
		assert.Len(t, p.landed()[1].lines, 8)
		assert.Equal(t, map[Reason]int{Age: 2}, p.reasons())
		assert.Equal(t, 19500*time.Millisecond, rest[0].took, "not a moment after the worker was free")
	})
}

// A partition that keeps the workers busy must not starve the others.
func TestOldChunkOvertakesYoungerOnes(t *testing.T) {
	p := &memory{latency: time.Second}
	cfg := Config{MaxAge: 3 * time.Second, IdleTimeout: time.Hour, Uploads: 1, MaxRecords: 2}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		slow := goWrite(t.Context(), m, "slow", "x")
		var busy []*writing
		for i := range 40 { // two objects a second, twice what the worker can do
			busy = append(busy, goWrite(t.Context(), m, "busy", fmt.Sprint(i), fmt.Sprint(i)))
			time.Sleep(250 * time.Millisecond)
		}
		<-slow.done
		assert.LessOrEqual(t, slow.took, 5*time.Second, "max_age, the object under way, and its own upload")
		for _, w := range busy {
			<-w.done
		}
	})
}

// Calls that waited at the gate are older than max_age when they are let in,
// and a drain wants everything out. Still they share objects.
func TestWhatWaitedAtTheGateSharesObjects(t *testing.T) {
	for name, drain := range map[string]bool{"age": false, "drain": true} {
		t.Run(name, func(t *testing.T) {
			p := &memory{latency: 5 * time.Second}
			cfg := Config{MaxAge: time.Second, IdleTimeout: time.Hour, Uploads: 1, MemoryLimit: 100, CallOverhead: 10}
			bubble(t, cfg, p, func(t *testing.T, m *Manager) {
				var all []*writing
				for i := range 50 {
					all = append(all, goWrite(t.Context(), m, "a", fmt.Sprint(i)))
				}
				time.Sleep(2 * time.Second)
				if drain {
					m.Drain()
				}
				for _, w := range all {
					<-w.done
					require.NoError(t, w.err)
				}
				assert.LessOrEqual(t, len(p.landed()), 15, "eight calls fit at once: %v", p.reasons()) // 41 when each went alone
				assert.Equal(t, 50, p.rows())
			})
		})
	}
}

// What is to be written at a drain or when the input is idle goes out as fast
// as the workers can take it.
func TestEveryWorkerTakesWhatIsDue(t *testing.T) {
	for name, drain := range map[string]bool{"idle": false, "drain": true} {
		t.Run(name, func(t *testing.T) {
			p := &memory{latency: time.Second}
			cfg := Config{MaxAge: time.Hour, IdleTimeout: 2 * time.Second, Uploads: 4}
			bubble(t, cfg, p, func(t *testing.T, m *Manager) {
				var all []*writing
				for i := range 20 {
					all = append(all, goWrite(t.Context(), m, fmt.Sprint(i), "x"))
				}
				want := 7 * time.Second // idle_timeout and five rounds of four
				if drain {
					time.Sleep(time.Second)
					m.Drain()
					want = 6 * time.Second
				}
				slowest := time.Duration(0)
				for _, w := range all {
					<-w.done
					slowest = max(slowest, w.took)
				}
				assert.Equal(t, want, slowest)
				assert.Equal(t, 4, p.peak)
				assert.Len(t, p.landed(), 20)
			})
		})
	}
}
