package chunk

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aMoment is a time at which nothing is due of itself: the roller looks at its
// rules at whole seconds.
const aMoment = 300 * time.Millisecond

// A call that is in a hurry has everything written that is open, at once.
func TestCallInAHurryHasEverythingWrittenAtOnce(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour}, p, func(t *testing.T, m *Manager) {
		other := goWrite(t.Context(), m, "b", "x")
		time.Sleep(aMoment)
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 1, 1))
		c.Hurry()
		c.Add([]byte("a"), "", raw("x"), 0)
		began := time.Now()
		_, err := c.Commit(t.Context())
		require.NoError(t, err)
		assert.Zero(t, time.Since(began))
		<-other.done
		assert.Equal(t, aMoment, other.took)
	})
}

// The call with whose records there is too much has them written at once.
func TestCallThatBringsPressureHasChunksWrittenAtOnce(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 1000}, p, func(t *testing.T, m *Manager) {
		goWrite(t.Context(), m, "a", strings.Repeat("x", 100))
		time.Sleep(aMoment)
		large := goWrite(t.Context(), m, "b", strings.Repeat("x", 400))
		<-large.done
		assert.Zero(t, large.took)
		assert.Equal(t, map[Reason]int{Memory: 1}, p.reasons())
	})
}

// The upload of a call that is withdrawn ends at once, also while there are
// others.
func TestUploadEndsWithItsCall(t *testing.T) {
	p := &memory{latency: time.Minute}
	bubble(t, Config{MaxAge: time.Hour, MaxRecords: 1}, p, func(t *testing.T, m *Manager) {
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", "x")
		stays := goWrite(t.Context(), m, "b", "x")
		time.Sleep(aMoment)
		require.Equal(t, 2, m.chunksIn(landing))
		cancel()
		<-gone.done
		synctest.Wait()
		assert.Equal(t, 1, m.chunksIn(landing))
		<-stays.done
		assert.Equal(t, time.Minute, stays.took)
	})
}

// The gauges come to rest with the last call that leaves.
func TestGaugesComeToRestWithTheLastCall(t *testing.T) {
	obs := &counter{}
	bubble(t, Config{MaxAge: time.Second, Observer: obs}, &memory{}, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		require.NoError(t, c.Admit(t.Context(), 1, 1))
		c.Add([]byte("a"), "", raw("x"), 0)
		_, err := c.Commit(t.Context())
		require.NoError(t, err)
		time.Sleep(aMoment)
		assert.Equal(t, 1, obs.observed().Calls)
		assert.Equal(t, int64(1), obs.observed().HeldBytes)
		c.Release()
		assert.Zero(t, obs.observed().Calls)
		assert.Zero(t, obs.observed().HeldBytes)
	})
}

// A call that leaves without having brought anything may have been the last that
// could make room for one that waits: what is open is written then.
func TestCallThatLeavesWithoutMakingRoomHasChunksWritten(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 1000}, p, func(t *testing.T, m *Manager) {
		inside := m.Arrive()
		require.NoError(t, inside.Admit(t.Context(), 500, 1))
		open := goWrite(t.Context(), m, "a", strings.Repeat("x", 100))
		synctest.Wait()
		waits := goWrite(t.Context(), m, "b", strings.Repeat("x", 850))
		time.Sleep(aMoment)
		assert.Empty(t, p.landed(), "room may come")
		inside.Release()
		<-open.done
		assert.Equal(t, aMoment, open.took)
		<-waits.done
	})
}

// A call whose records are settled when its context ends has its answer.
func TestCallThatIsSettledIsNotWithdrawn(t *testing.T) {
	bubble(t, Config{MaxAge: time.Second}, &memory{}, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 1, 1))
		c.Refuse(raw("x"), 0, errBad)
		brought := c.arrange()
		m.lock()
		c.handOver(brought)
		failures, err := c.withdraw(context.Canceled)
		m.unlock()
		require.NoError(t, err)
		assert.Equal(t, []Failure{{Index: 0, Err: &Refusal{errBad}}}, failures)
	})
}

// What is open when the input is said to have stopped is written at once.
func TestFlushRollsAtOnce(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour}, p, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", "x")
		time.Sleep(aMoment)
		m.Flush()
		<-w.done
		assert.Equal(t, aMoment, w.took)
	})
}

// A pause of the input is remembered for several times max_age, so that a longer
// one is needed to call it the end.
func TestPauseOfTheInputIsRememberedForSeveralTimesMaxAge(t *testing.T) {
	bubble(t, Config{MaxAge: 10 * time.Minute, IdleTimeout: 10 * time.Second}, &memory{}, func(t *testing.T, m *Manager) {
		last := goWrite(t.Context(), m, "a", "x")
		time.Sleep(8 * time.Second)
		for range 360 { // three minutes
			last = goWrite(t.Context(), m, "a", "x")
			time.Sleep(500 * time.Millisecond)
		}
		<-last.done
		assert.Equal(t, 16*time.Second, last.took, "twice the pause")
	})
}

// What is open when the process is told to stop is written at once.
func TestDrainRollsAtOnce(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour}, p, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", "x")
		time.Sleep(aMoment)
		m.Drain()
		<-w.done
		assert.Equal(t, aMoment, w.took)
	})
}
