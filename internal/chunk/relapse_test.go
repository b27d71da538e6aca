package chunk

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestKindsHaveNames(t *testing.T) {
	assert.Equal(t, "data", Data.String())
	assert.Equal(t, "dead_letter", DeadLetter.String())
}

// The largest size of an object is that of the configuration, for dead letters
// within their part of the memory.
func TestDeadLettersHaveACapOfTheirOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		file, memory int64
		data, dead   int64
	}{
		"no limits":            {0, 0, 0, 0},
		"a size":               {1000, 0, 1000, 1000},
		"much memory":          {0, 512 << 20, 0, 4 << 20},
		"little memory":        {0, 1 << 10, 0, 1 << 20},
		"a size below a share": {1 << 20, 64 << 20, 1 << 20, 1 << 20},
		"a size above a share": {8 << 20, 512 << 20, 8 << 20, 4 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{MaxFileSize: tc.file, MemoryLimit: tc.memory}
			assert.Equal(t, tc.data, cfg.capOf(Data))
			assert.Equal(t, tc.dead, cfg.capOf(DeadLetter))
		})
	}
}

// A partition that is refused again soon after it recovered goes on where it
// was, and one that was well for a while begins anew.
func TestRelapseCountsEarlierRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		well   time.Duration
		before int
	}{"soon": {relapse / 2, 3}, "just in time": {relapse, 3}, "after a while": {relapse + 1, 0}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Config{MaxAge: time.Second}, &memory{}, func(t *testing.T, m *Manager) {
				p := partition{path: "a"}
				fall := func(p partition, times int) *parkedPartition {
					m.lock()
					defer m.unlock()
					w := m.parkPartition(p, errDenied, time.Now())
					for range times - 1 {
						w.again(errDenied, time.Now())
					}
					return w
				}
				rise := func(w *parkedPartition) {
					m.lock()
					defer m.unlock()
					m.recover(w)
				}
				rise(fall(p, 3))
				time.Sleep(tc.well)
				again := fall(p, 1)
				assert.Equal(t, tc.before, again.before)
				rise(again)
				assert.Contains(t, m.recovered, p)
				other := fall(partition{path: "b"}, 1)
				time.Sleep(relapse + 1)
				rise(other)
				assert.NotContains(t, m.recovered, p, "it is forgotten")
			})
		})
	}
}

// What is remembered of one partition is forgotten with the recovery of another
// that comes too late for it to count.
func TestEarlierRefusalsAreForgottenWhenTheyDoNotCountAnyMore(t *testing.T) {
	bubble(t, Config{MaxAge: time.Second}, &memory{}, func(t *testing.T, m *Manager) {
		fallAndRise := func(path string) {
			m.lock()
			defer m.unlock()
			m.recover(m.parkPartition(partition{path: path}, errDenied, time.Now()))
		}
		fallAndRise("a")
		time.Sleep(relapse)
		fallAndRise("b")
		assert.Contains(t, m.recovered, partition{path: "a"}, "it counts still")
		time.Sleep(time.Nanosecond)
		fallAndRise("c")
		assert.NotContains(t, m.recovered, partition{path: "a"})
		assert.Contains(t, m.recovered, partition{path: "b"})
	})
}

// An input that goes on without waiting for answers is not called stalled.
func TestSteadyInputIsNotStalled(t *testing.T) {
	obs := &counter{}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: time.Second, Observer: obs}, &memory{}, func(t *testing.T, m *Manager) {
		for range 20 {
			goWrite(t.Context(), m, "a", "x")
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		assert.Zero(t, obs.stalled)
	})
}
