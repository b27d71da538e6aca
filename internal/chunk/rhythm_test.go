package chunk

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client sends, waits for the answer, pauses, and sends again. How long it
// pauses is its own business: its next answer must not take longer for that. Once
// it is waited for as long, in case it is a source that does not wait.
func TestPausesOfAClientDoNotMakeItWait(t *testing.T) {
	for _, pause := range []time.Duration{
		0, time.Second, 2900 * time.Millisecond, 3100 * time.Millisecond, 10 * time.Second, 29 * time.Second, 31 * time.Second, 90 * time.Second, 10 * time.Minute,
	} {
		t.Run(pause.String(), func(t *testing.T) {
			p := &memory{latency: 100 * time.Millisecond}
			bubble(t, Config{MaxAge: time.Minute, IdleTimeout: 2 * time.Second, MaxInFlight: 1000}, p, func(t *testing.T, m *Manager) {
				long := 0
				for i := range 30 {
					w := goWrite(t.Context(), m, "a", "x")
					<-w.done
					if w.took > 4200*time.Millisecond { // idle_timeout, twice the time of a look once a second, an upload
						long++
						assert.LessOrEqual(t, w.took, min(pause+pause/8+4100*time.Millisecond, time.Minute+100*time.Millisecond), "call %d", i)
					}
					time.Sleep(pause)
				}
				assert.LessOrEqual(t, long, 1)
			})
		})
	}
}

// The pauses of people vary. Only a longer one than ever is waited for.
func TestPausesThatVaryAreWaitedForAFewTimes(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Minute, IdleTimeout: 2 * time.Second}, p, func(t *testing.T, m *Manager) {
		waited := time.Duration(0)
		for i := range 60 {
			w := goWrite(t.Context(), m, "a", "x")
			<-w.done
			waited += w.took
			time.Sleep(time.Duration(5+(i*7)%20) * time.Second)
		}
		assert.Less(t, waited/60, 4*time.Second, "on average")
	})
}

// A source that sends without waiting for answers keeps its max_age, however it
// began.
func TestTrickleIsKnownFromItsSecondRecord(t *testing.T) {
	for _, gap := range []time.Duration{5 * time.Second, 15 * time.Second, 25 * time.Second} {
		p := &memory{latency: 100 * time.Millisecond}
		bubble(t, Config{MaxAge: time.Minute, IdleTimeout: 2 * time.Second}, p, func(t *testing.T, m *Manager) {
			for i := range 40 {
				goWrite(t.Context(), m, "a", fmt.Sprint(i))
				time.Sleep(gap)
			}
			time.Sleep(2 * time.Minute)
			require.Equal(t, 40, p.rows())
			assert.LessOrEqual(t, p.reasons()[Idle], 2, "with gaps of %s: the first record, and the end: %v", gap, p.reasons())
			assert.LessOrEqual(t, len(p.landed()), 3+int(40*gap/time.Minute))
		})
	}
}

// A short idle_timeout is fine for a busy input, and too short for one that
// looks once a second whether it may go on.
func TestReaderThatLooksOnceASecondIsWaitedFor(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: 300 * time.Millisecond}, p, func(t *testing.T, m *Manager) {
		for range 20 { // ten partitions that go on one after the other when they may
			var round []*writing
			for i := range 10 {
				round = append(round, goWrite(t.Context(), m, "a", fmt.Sprint(i)))
				time.Sleep(95 * time.Millisecond)
			}
			for _, w := range round {
				<-w.done
			}
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(t, len(p.landed()), 22)
	})
}

// Windows end: what was long ago is not the rhythm of today.
func TestRhythmForgets(t *testing.T) {
	const idle = 2 * time.Second
	r := rhythm{window: time.Minute}
	now := time.Unix(0, 0)
	come := func(after time.Duration) time.Duration {
		now = now.Add(after)
		r.arrival(now, idle)
		return r.quietAfter(idle).Sub(now)
	}
	come(0)
	assert.Equal(t, 40*time.Second, come(20*time.Second))
	for range 30 {
		assert.Equal(t, 40*time.Second, come(time.Second))
	}
	for range 100 {
		come(time.Second)
	}
	assert.Equal(t, idle, come(time.Second))

	wait := func(pause time.Duration) time.Duration { // for our answer
		r.settled = r.quietAfter(idle)
		now = r.settled
		return come(pause)
	}
	assert.Equal(t, idle+2*time.Second, wait(time.Second), "a reader that looks once a second")
	for range 200 {
		come(time.Second)
	}
	assert.Equal(t, idle, come(time.Second))
}

// That a source waits for us is not believed for ever.
func TestTrialIsRepeatedAfterAnHour(t *testing.T) {
	const idle, pause = 2 * time.Second, 10 * time.Second
	r := rhythm{window: time.Minute, most: time.Minute}
	now, trials := time.Unix(0, 0), 0
	for now.Before(time.Unix(3*3600, 0)) {
		r.arrival(now, idle)
		end := r.quietAfter(idle)
		if end.Sub(now) > pause {
			trials++
		}
		r.settled = end
		now = end.Add(pause)
	}
	assert.InDelta(t, 3, trials, 1)
}

// Two gaps in a row decide, not the last one alone.
func TestTwiceTheLongestGapIsWaited(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: 2 * time.Second}, p, func(t *testing.T, m *Manager) {
		for range 5 {
			goWrite(t.Context(), m, "a", "x")
			time.Sleep(1800 * time.Millisecond)
		}
		w := goWrite(t.Context(), m, "a", "x")
		<-w.done
		assert.Equal(t, 3600*time.Millisecond, w.took)
	})
}
