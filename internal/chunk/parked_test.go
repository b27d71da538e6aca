package chunk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefusedPartitionIsTriedInGrowingIntervals(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 1000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		waits := goWrite(t.Context(), m, "no", "x", "y")
		time.Sleep(10 * time.Minute)
		tries := p.tried()
		assert.Less(t, len(tries), 20, "ten minutes: it doubles up to a minute")
		assert.Greater(t, len(tries), 10)
		for i := 1; i < len(tries); i++ {
			gap := tries[i].Sub(tries[i-1])
			want := min(time.Second<<(i-1), time.Minute)
			assert.InDelta(t, want.Seconds(), gap.Seconds(), want.Seconds()/4+0.1)
		}
		synctest.Wait()
		assert.Equal(t, len(tries), seen.refused)
		assert.Equal(t, 1, seen.parked)
		select {
		case <-waits.done:
			require.Fail(t, "the call must wait")
		default:
		}
		m.lock()
		stats := m.stats()
		m.unlock()
		assert.Equal(t, 1, stats.Parked)

		later := goWrite(t.Context(), m, "no", "z") // joins
		p.allow()
		<-waits.done
		<-later.done
		require.NoError(t, waits.err)
		assert.Empty(t, waits.failures)
		synctest.Wait()
		assert.Equal(t, 1, seen.recovered)
		assert.Zero(t, seen.failed, "it is no failure of the destination")
		assert.Equal(t, []string{"x", "y", "z"}, p.landed()[0].lines)
		assert.Equal(t, Recovery, p.landed()[0].Reason)
		_, err := write(t.Context(), m, "no", "as ever")
		require.NoError(t, err)
		assert.Equal(t, Age, p.landed()[1].Reason)
	})
}

// Everything of the partition waits, wherever it was when the first object was
// refused, and is stored when that is over.
func TestAllChunksOfARefusedPartitionWait(t *testing.T) {
	cfg := Config{MaxAge: time.Hour, MaxRecords: 10, Uploads: 1, MaxInFlight: 1000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		p.latency = time.Second
		var all []*writing
		for i := range 45 { // one being uploaded, three sealed, and one open
			all = append(all, goWrite(t.Context(), m, "no", fmt.Sprintf("%02d", i)))
			synctest.Wait()
		}
		m.lock()
		assert.Len(t, m.ledger.sealed, 3)
		m.unlock()
		other := goWrite(t.Context(), m, "yes", make([]string, 10)...)
		<-other.done
		assert.Equal(t, 2*time.Second, other.took, "right after the refused one")
		m.lock()
		assert.Equal(t, 45, m.ledger.parkedCalls.calls)
		m.unlock()
		assert.Len(t, p.tried(), 1)
		time.Sleep(500 * time.Millisecond)
		p.allow()
		time.Sleep(20 * time.Second)
		m.Drain()
		for _, w := range all {
			<-w.done
			require.NoError(t, w.err)
			assert.Empty(t, w.failures)
		}
		assert.Equal(t, 55, p.rows())
		synctest.Wait()
		assert.Equal(t, 1, seen.parked)
	})
}

// An attempt is small, since it is most often in vain.
func TestAttemptIsSmall(t *testing.T) {
	cfg := Config{MaxAge: time.Second}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		w := goWrite(t.Context(), m, "no", make([]string, 10_000)...)
		time.Sleep(1500 * time.Millisecond)
		assert.Equal(t, 10_000, p.refusedRecords(), "it is not known before")
		time.Sleep(5 * time.Second)
		tries := len(p.tried()) - 1
		require.Positive(t, tries)
		assert.Equal(t, 10_000+tries*probeRecords, p.refusedRecords())
		p.allow()
		<-w.done
		assert.Equal(t, 10_000, p.rows())
		assert.Len(t, p.landed()[0].lines, probeRecords)
	})
}

// A process that is told to stop does not wait for what is refused.
func TestDrainTriesOnceMoreAndGivesBack(t *testing.T) {
	for name, accepted := range map[string]bool{"refused": false, "accepted": true} {
		t.Run(name, func(t *testing.T) {
			parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
				w := goWrite(t.Context(), m, "no", make([]string, 3000)...)
				time.Sleep(10 * time.Minute)
				before := len(p.tried())
				if accepted {
					p.allow()
				}
				began := time.Now()
				m.Drain()
				<-w.done
				assert.Less(t, time.Since(began), time.Second)
				if accepted {
					assert.Empty(t, w.failures)
					assert.Equal(t, 3000, p.rows())
					return
				}
				assert.Len(t, w.failures, 3000)
				late, err := write(t.Context(), m, "no", "x")
				require.NoError(t, err)
				assert.Len(t, late, 1)
				assert.Len(t, p.tried(), before+1, "what comes later is not tried")
			})
		})
	}
}

// A withdrawn call leaves nothing behind in a parked partition.
func TestWithdrawnCallsLeaveParkedPartitions(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second, MaxInFlight: 4}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		for range 3 { // more than fit at once
			ctx, cancel := context.WithCancel(t.Context())
			a, b := goWrite(ctx, m, "no", "x"), goWrite(ctx, m, "no", "y")
			time.Sleep(20 * time.Second)
			cancel()
			<-a.done
			<-b.done
			require.ErrorIs(t, a.err, context.Canceled)
			require.ErrorIs(t, b.err, context.Canceled)
			synctest.Wait()
			atRest(t, m)
		}
		p.allow()
		time.Sleep(time.Hour)
		assert.Zero(t, p.rows())
	})
}

// Partitions that are parked and get no records any more are forgotten.
func TestParkedPartitionWithoutRecordsIsForgotten(t *testing.T) {
	cfg := Config{MaxAge: time.Second, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, _ *denying, seen *changes) {
		<-goWrite(t.Context(), m, "no/1", "x").done
		for range 20 {
			<-goWrite(t.Context(), m, "yes", "x").done
			time.Sleep(time.Minute)
		}
		m.lock()
		assert.Empty(t, m.ledger.parked)
		m.unlock()
		synctest.Wait()
		assert.Equal(t, 1, seen.recovered)
	})
}

// Objects that are refused for what is in them, and not for where they go, are
// refused again as soon as one without that was accepted. That must not become a
// loop.
func TestPartitionThatIsRefusedNowAndThenIsTriedLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDenying(func(o Object) bool { return len(o.Records) > 1 })
		seen := &changes{}
		m := start(t, Config{MaxAge: time.Second, Refused: refusals403, Observer: seen}, p)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				for ctx.Err() == nil {
					_, _ = write(ctx, m, "a", "x")
				}
			})
		}
		callers.Wait()
		assert.Less(t, len(p.tried()), 60, "in ten minutes")
	})
}

// An upload that is lost for another reason is a failure as before.
func TestOtherErrorsParkNothing(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		broken := errors.New("no answer")
		p.fail = func(Object) error { return broken }
		failures, err := write(t.Context(), m, "no", "x")
		require.NoError(t, err)
		require.Len(t, failures, 1)
		require.ErrorIs(t, failures[0].Err, broken)
		synctest.Wait()
		assert.Zero(t, seen.parked)
		assert.Equal(t, 1, seen.failed)
	})
}

func TestRefusedObjectsAreGivenUpWhenTheirTimeIsOver(t *testing.T) {
	p := newDenying(func(o Object) bool { return o.Path == "no" })
	cfg := Config{MaxAge: time.Second, GiveUpAfter: 5 * time.Second, Refused: refusals403, Observer: &changes{}}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, cfg, p)
		began := time.Now()
		failures, err := write(t.Context(), m, "no", "x")
		require.NoError(t, err)
		require.Len(t, failures, 1)
		require.ErrorIs(t, failures[0].Err, errDenied)
		assert.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		assert.Less(t, time.Since(began), 20*time.Second)
		p.allow()
		failures, err = write(t.Context(), m, "no", "y")
		require.NoError(t, err)
		assert.Empty(t, failures, "the partition is tried again")
	})
}
