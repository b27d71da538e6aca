package chunk

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nextTry is when a parked partition is to be tried.
func nextTry(m *Manager, path string) time.Time {
	m.lock()
	defer m.unlock()
	return m.ledger.parked[partition{path: path}].next
}

// The time between two attempts grows to a minute, and varies by a quarter in
// both directions.
func TestTimeBetweenAttemptsGrowsAndVaries(t *testing.T) {
	for refusals, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 8: time.Minute, 1000: time.Minute,
	} {
		shortest, longest := time.Hour, time.Duration(0)
		for range 2000 {
			d := retryAfter(refusals)
			shortest, longest = min(shortest, d), max(longest, d)
		}
		assert.GreaterOrEqual(t, shortest, want-want/4, "%d refusals", refusals)
		assert.Less(t, shortest, want-want/5, "%d refusals", refusals)
		assert.Less(t, longest, want+want/4, "%d refusals", refusals)
		assert.Greater(t, longest, want+want/5, "%d refusals", refusals)
	}
}

// Each parked partition is tried exactly when its own time has come, whatever
// the times of the others.
func TestEachParkedPartitionIsTriedAtItsOwnTimes(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		goWrite(t.Context(), m, "no/1", "x")
		time.Sleep(2 * time.Minute)
		goWrite(t.Context(), m, "no/2", "x")
		time.Sleep(1100 * time.Millisecond)
		for range 20 {
			path, at := "no/1", nextTry(m, "no/1")
			if other := nextTry(m, "no/2"); other.Before(at) {
				path, at = "no/2", other
			}
			time.Sleep(time.Until(at))
			synctest.Wait()
			tries := p.triedOf(path)
			require.Equal(t, at, tries[len(tries)-1], path)
		}
		assert.Greater(t, len(p.triedOf("no/2")), 7)
	})
}

// A quarter of the uploads and one more may be attempts, so that those of many
// partitions do not take the places of the others.
func TestFewPartitionsAreTriedAtOnce(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second, Uploads: 8}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		p.latency = 10 * time.Second
		m.lock()
		m.pace.limit = 8
		m.unlock()
		for i := range 8 {
			goWrite(t.Context(), m, fmt.Sprint("no/", i), "x")
		}
		time.Sleep(11*time.Second + 500*time.Millisecond) // all of them were refused, and none was tried again
		require.Len(t, p.tried(), 8)
		p.memory.mu.Lock()
		p.peak = 0
		p.memory.mu.Unlock()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		p.memory.mu.Lock()
		assert.Equal(t, 3, p.peak)
		p.memory.mu.Unlock()
		for i := range 8 {
			assert.Greater(t, len(p.triedOf(fmt.Sprint("no/", i))), 3)
		}
	})
}

// The partition that waits for its attempt has it when the one before it is over.
func TestAttemptBeginsWhenTheOneBeforeItEnds(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second, Uploads: 2}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		p.meanwhile(func(n int) {
			if n >= 2 {
				time.Sleep(10 * time.Second)
			}
		})
		goWrite(t.Context(), m, "no/1", "x")
		goWrite(t.Context(), m, "no/2", "x")
		time.Sleep(30 * time.Second)
		tries := p.tried()
		require.GreaterOrEqual(t, len(tries), 4)
		assert.Equal(t, 10*time.Second, tries[3].Sub(tries[2]))
		assert.GreaterOrEqual(t, len(p.triedOf("no/1")), 2)
		assert.GreaterOrEqual(t, len(p.triedOf("no/2")), 2)
	})
}

// An attempt for which there is no place is not made ready: what comes in the
// meantime is tried with it.
func TestAttemptThatWaitsForAPlaceTakesAlongWhatComes(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second, Uploads: 1}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		refuse := p.fail
		p.fail = func(o Object) error {
			if o.Path == "yes" {
				time.Sleep(10 * time.Second)
			}
			return refuse(o)
		}
		goWrite(t.Context(), m, "no", "x")
		time.Sleep(500 * time.Millisecond)
		goWrite(t.Context(), m, "yes", "z") // has the place from 1.5 s to 11.5 s
		time.Sleep(5 * time.Second)
		goWrite(t.Context(), m, "no", "y")
		synctest.Wait()
		p.allow()
		time.Sleep(time.Minute)
		require.Len(t, p.landed(), 2)
		assert.Equal(t, []string{"x", "y"}, p.landed()[1].lines)
	})
}

// An attempt has a megabyte at most: it ends with the record that reaches it.
func TestAttemptEndsWithTheRecordThatReachesAMegabyte(t *testing.T) {
	const half = probeBytes / 2
	for name, tc := range map[string]struct {
		sizes []int
		want  int
	}{
		"exactly":       {[]int{half, half, 1}, 2},
		"a byte less":   {[]int{half, half - 1, 1, 1}, 3},
		"far beyond":    {[]int{10 * half, 1}, 1},
		"all of it":     {[]int{half, 1, 1}, 3},
		"one that fits": {[]int{1}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
				for _, size := range tc.sizes {
					goWrite(t.Context(), m, "no", strings.Repeat("x", size))
					synctest.Wait()
				}
				time.Sleep(1100 * time.Millisecond)
				first := p.refusedRecords()
				assert.Len(t, tc.sizes, first)
				time.Sleep(time.Second + 200*time.Millisecond)
				require.Len(t, p.tried(), 2)
				assert.Equal(t, tc.want, p.refusedRecords()-first)
			})
		})
	}
}

// What comes during an attempt that is refused is tried with the next one, and
// not only when the time of another partition has come.
func TestWhatComesDuringAnAttemptIsTriedWithTheNext(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		p.latency = 10 * time.Second
		goWrite(t.Context(), m, "no/other", "x")
		time.Sleep(5 * time.Minute)
		time.Sleep(time.Until(nextTry(m, "no/other").Add(10*time.Second + 1))) // not again for 45 s
		goWrite(t.Context(), m, "no", "x")
		time.Sleep(15 * time.Second) // the attempt takes from 12 s to 22 s
		goWrite(t.Context(), m, "no", "y")
		time.Sleep(7500 * time.Millisecond)
		require.Len(t, p.triedOf("no"), 2)
		p.allow()
		time.Sleep(15 * time.Second)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, []string{"x", "y"}, p.landed()[0].lines)
	})
}

// When the time of a partition has come for which nothing waits, the first
// record that comes is tried at once.
func TestFirstRecordAfterAWhileIsTriedAtOnce(t *testing.T) {
	cfg := Config{MaxAge: time.Second, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		<-goWrite(t.Context(), m, "no", "1").done
		time.Sleep(2 * time.Minute)
		goWrite(t.Context(), m, "yes", "x")
		time.Sleep(100 * time.Millisecond)
		before := len(p.tried())
		goWrite(t.Context(), m, "no", "2")
		synctest.Wait()
		assert.Len(t, p.tried(), before+1)
	})
}

// A partition with records that wait for their attempt is not forgotten, however
// long that takes.
func TestPartitionThatWaitsForItsTurnIsNotForgotten(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		p.meanwhile(func(n int) {
			if n >= 2 {
				time.Sleep(2 * forgetAfter)
			}
		})
		goWrite(t.Context(), m, "no/1", "x")
		goWrite(t.Context(), m, "no/2", "x")
		time.Sleep(forgetAfter + time.Minute) // one of them is being tried
		assert.Zero(t, seen.told(&seen.recovered))
		p.allow()
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, 2, p.rows())
		assert.Equal(t, 2, seen.told(&seen.recovered))
	})
}

// A partition is forgotten also when the calls have gone with whose records it
// was being tried.
func TestPartitionWhoseCallsHaveGoneIsForgotten(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		present := m.Arrive()
		require.NoError(t, present.Admit(t.Context(), 1, 1))
		defer present.Release()
		p.latency = 10 * time.Second
		ctx, cancel := context.WithCancel(t.Context())
		w := goWrite(ctx, m, "no", "x")
		time.Sleep(15 * time.Second) // the attempt takes from 12 s to 22 s
		require.Equal(t, 1, m.chunksIn(landing))
		cancel()
		<-w.done
		time.Sleep(forgetAfter + time.Minute)
		assert.Equal(t, 1, seen.told(&seen.recovered))
	})
}

// Ten minutes after its last record a parked partition is forgotten, and not
// sooner.
func TestParkedPartitionIsForgottenTenMinutesAfterItsLastRecord(t *testing.T) {
	cfg := Config{MaxAge: time.Second, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, _ *denying, seen *changes) {
		present := m.Arrive() // with nobody there, nobody looks
		require.NoError(t, present.Admit(t.Context(), 1, 1))
		defer present.Release()
		<-goWrite(t.Context(), m, "no", "1").done
		time.Sleep(9 * time.Minute)
		last := time.Now()
		<-goWrite(t.Context(), m, "no", "2").done
		time.Sleep(time.Until(last.Add(forgetAfter - 1)))
		assert.Zero(t, seen.told(&seen.recovered))
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, seen.told(&seen.recovered))
	})
}
