package chunk

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Half of the clients send records to a partition that is refused, and wait. The
// others must not notice.
func TestRefusedObjectsDoNotStarveOthers(t *testing.T) {
	const clients = 40
	stored := func(t *testing.T, denied bool) (rows int) {
		synctest.Test(t, func(t *testing.T) {
			p := newDenying(func(o Object) bool { return denied && strings.HasPrefix(o.Path, "no") })
			p.latency = 200 * time.Millisecond
			m := start(t, Config{
				MaxAge: time.Second, IdleTimeout: 2 * time.Second, MaxInFlight: clients, MemoryLimit: 1 << 20,
				CallOverhead: 1000, Uploads: 4, Refused: refusals403,
			}, p)
			ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
			defer cancel()
			var callers sync.WaitGroup
			for i := range clients {
				callers.Go(func() {
					for ctx.Err() == nil {
						_, _ = write(ctx, m, []string{"no", "yes"}[i%2], "x")
						time.Sleep(500 * time.Millisecond)
					}
				})
			}
			callers.Wait()
			rows = p.rowsOf("yes")
		})
		return rows
	}
	healthy, troubled := stored(t, false), stored(t, true)
	assert.GreaterOrEqual(t, float64(troubled), 0.8*float64(healthy), "%d rows of %d", troubled, healthy)
}

// A steady input, half of which is denied: in calls of their own, or with the
// other half in every call, where only dead letters let the calls return.
func TestOthersKeepTheirThroughput(t *testing.T) {
	stored := func(t *testing.T, denied, mixed bool) (rows int) {
		synctest.Test(t, func(t *testing.T) {
			p := newDenying(func(o Object) bool { return denied && strings.HasPrefix(o.Path, "no") })
			p.latency = 200 * time.Millisecond
			cfg := Config{MaxAge: time.Second, MaxInFlight: 1000, MemoryLimit: 1 << 20, Uploads: 4, Refused: refusals403}
			if mixed {
				cfg.MaxInFlight = 40
				cfg.OnRefusedObject, cfg.DeadLetters = ObjectToDeadLetters, letters{}
			}
			m := start(t, cfg, p)
			slots := make(chan struct{}, cfg.MaxInFlight)
			for i := range 600 { // one minute
				slots <- struct{}{}
				go func() {
					defer func() { <-slots }()
					c := m.Arrive()
					defer c.Release()
					assert.NoError(t, c.Admit(t.Context(), 2, 2))
					if mixed || i%2 == 0 {
						c.Add([]byte("no"), "", raw("x"), 0)
					}
					if mixed || i%2 == 1 {
						c.Add([]byte("yes"), "", raw("x"), 1)
					}
					_, _ = c.Commit(t.Context()) // some end with the test
				}()
				time.Sleep(100 * time.Millisecond)
			}
			assert.Less(t, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), 130*time.Second, "the input is not held up")
			rows = p.rowsOf("yes")
			m.Drain()
		})
		return rows
	}
	for name, mixed := range map[string]bool{"calls of one partition": false, "calls of both": true} {
		t.Run(name, func(t *testing.T) {
			healthy, troubled := stored(t, false, mixed), stored(t, true, mixed)
			assert.GreaterOrEqual(t, 100*troubled, 95*healthy, "%d rows of %d", troubled, healthy)
		})
	}
}

// What waits for refused partitions is bounded by calls and by memory: more is
// given back at once.
func TestWhatWaitsForRefusedPartitionsIsBounded(t *testing.T) {
	for name, cfg := range map[string]Config{
		"calls":  {MaxAge: time.Second, MaxInFlight: 20},
		"memory": {MaxAge: time.Second, MemoryLimit: 40_000, CallOverhead: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
				var all []*writing
				for range 30 {
					all = append(all, goWrite(t.Context(), m, "no", "x"))
					time.Sleep(2 * time.Second)
				}
				waiting, back := 0, 0
				for _, w := range all {
					select {
					case <-w.done:
						back++
						require.Len(t, w.failures, 1)
						require.ErrorIs(t, w.failures[0].Err, errDenied)
						assert.Contains(t, w.failures[0].Err.Error(), "objects of this partition are refused")
						assert.Zero(t, w.took)
					default:
						waiting++
					}
				}
				assert.Contains(t, []int{9, 10}, waiting, "half of 20 slots, or a quarter of 40,000 bytes with their calls of 1,001")
				synctest.Wait()
				assert.Equal(t, back, seen.givenBack)
				ok, err := write(t.Context(), m, "yes", "x")
				require.NoError(t, err)
				assert.Empty(t, ok)
				p.allow()
				for _, w := range all {
					<-w.done
				}
				assert.Equal(t, waiting+1, p.rows())
			})
		})
	}
}

// Parked records take a part of the limit for good. The others are not rolled
// early for that.
func TestParkedRecordsAreNoPressure(t *testing.T) {
	cfg := Config{MaxAge: time.Hour, MemoryLimit: 10_000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		no := goWrite(t.Context(), m, "no", strings.Repeat("x", 2400))
		synctest.Wait()
		m.lock()
		m.seal(m.ledger.byAge[0], Size)
		m.unlock()
		time.Sleep(10 * time.Second)
		var all []*writing
		for range 13 { // 200 and their encoded form: 5,200 of the 7,600 that are left
			all = append(all, goWrite(t.Context(), m, "yes", strings.Repeat("x", 199)))
		}
		time.Sleep(time.Minute)
		assert.Empty(t, p.landed())
		all = append(all, goWrite(t.Context(), m, "yes", strings.Repeat("x", 1000)))
		time.Sleep(time.Minute)
		assert.NotEmpty(t, p.landed(), "four fifths of what is left")
		p.allow()
		m.Drain()
		<-no.done
		for _, w := range all {
			<-w.done
		}
	})
}

// Half of the calls may wait for refused partitions, one at least, with exactly a
// quarter of the memory.
func TestHowManyCallsMayWaitForRefusedPartitions(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  Config
		want int
	}{
		"one call":                   {Config{MaxInFlight: 1}, 1},
		"two calls":                  {Config{MaxInFlight: 2}, 1},
		"three calls":                {Config{MaxInFlight: 3}, 1},
		"four calls":                 {Config{MaxInFlight: 4}, 2},
		"as much memory as five":     {Config{MemoryLimit: 20_000, CallOverhead: 999}, 5},
		"a little less than for six": {Config{MemoryLimit: 23_999, CallOverhead: 999}, 5},
		"no bound":                   {Config{}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			tc.cfg.MaxAge = time.Second
			parkedBubble(t, tc.cfg, func(t *testing.T, m *Manager, _ *denying, _ *changes) {
				for range 8 {
					goWrite(t.Context(), m, "no", "x")
					time.Sleep(2 * time.Second)
				}
				m.lock()
				defer m.unlock()
				assert.Equal(t, tc.want, m.ledger.parkedCalls.calls)
			})
		})
	}
}
