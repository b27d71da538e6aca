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

// came is an arrival: how long after the one before, and how long after
// everything was settled, -1 when it was not.
type came struct{ gap, pause time.Duration }

// follow has calls arrive from a first one on.
func (r *rhythm) follow(idle time.Duration, all []came) (stalled []bool) {
	now := time.Unix(1e9, 0)
	r.arrival(now, idle)
	for _, c := range all {
		now = now.Add(c.gap)
		if c.pause >= 0 {
			r.settled = now.Add(-c.pause)
		}
		stalled = append(stalled, r.arrival(now, idle))
	}
	return stalled
}

// Three times in a row an input has to go on just when everything is settled,
// after a gap that would have ended it, to be called stalled.
func TestStallsAreReportedFromTheThirdInARow(t *testing.T) {
	const s = time.Second
	for name, tc := range map[string]struct {
		idle time.Duration
		all  []came
		want []bool
	}{
		"in a row":                  {2 * s, []came{{2 * s, 0}, {9 * s, s}, {5 * s, 3*s - 1}, {2 * s, 0}}, []bool{false, false, true, true}},
		"gaps are shorter":          {2 * s, []came{{2*s - 1, 0}, {s, 0}, {s, 0}, {s, 0}}, []bool{false, false, false, false}},
		"no idle_timeout":           {0, []came{{2 * s, 0}, {2 * s, 0}, {2 * s, 0}, {2 * s, 0}}, []bool{false, false, false, false}},
		"it went on by itself":      {2 * s, []came{{2 * s, 0}, {2 * s, 0}, {2 * s, -1}, {2 * s, 0}, {2 * s, 0}, {2 * s, 0}}, []bool{false, false, false, false, false, true}},
		"and too soon to tell":      {2 * s, []came{{2 * s, 0}, {2 * s, 0}, {2*s - 1, -1}, {2 * s, 0}}, []bool{false, false, false, true}},
		"it went on much later":     {2 * s, []came{{2 * s, 0}, {2 * s, 0}, {5 * s, 3 * s}, {2 * s, 0}, {2 * s, 0}, {2 * s, 0}}, []bool{false, false, false, false, false, true}},
		"later and not after a gap": {10 * s, []came{{10 * s, 0}, {10 * s, 0}, {10*s - 1, 3 * s}, {10 * s, 0}}, []bool{false, false, false, true}},
		"later and after a gap":     {10 * s, []came{{10 * s, 0}, {10 * s, 0}, {10 * s, 3 * s}, {10 * s, 0}}, []bool{false, false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rhythm{window: time.Minute, most: time.Minute}
			assert.Equal(t, tc.want, r.follow(tc.idle, tc.all))
		})
	}
}

// How long nothing must come until the input is considered to have stopped
// depends on what it did before.
func TestInputIsWaitedForAsItCame(t *testing.T) {
	const s, idle = time.Second, 2 * time.Second
	const trial10 = 10*s + 1250*time.Millisecond + 2*idle
	known := []came{{11 * s, 10 * s}, {10 * s, 0}} // that it waits for us when it pauses for ten seconds
	for name, tc := range map[string]struct {
		most time.Duration
		all  []came
		want time.Duration
	}{
		"once":                        {time.Minute, nil, idle},
		"in short gaps":               {time.Minute, []came{{s / 2, -1}, {s, -1}}, idle},
		"in long gaps":                {time.Minute, []came{{20 * s, -1}, {s, -1}}, 40 * s},
		"just when it may":            {time.Minute, []came{{5 * s, 0}}, idle},
		"when it looks whether":       {time.Minute, []came{{5 * s, lookout}}, idle + 2*lookout},
		"a little later":              {time.Minute, []came{{9 * s, 8 * s}}, 8*s + s + 2*idle},
		"later than a look":           {time.Minute, []came{{5 * s, lookout + 8}}, lookout + 8 + (lookout+8)/8 + 2*idle},
		"after a pause":               {time.Minute, []came{{11 * s, 10 * s}}, trial10},
		"after two":                   {time.Minute, []came{{11 * s, 10 * s}, {9 * s, 8 * s}}, trial10},
		"and then by itself":          {time.Minute, []came{{11 * s, 10 * s}, {s, -1}}, idle},
		"a trial takes max_age":       {trial10, []came{{11 * s, 10 * s}}, trial10},
		"a trial takes longer":        {trial10 - 1, []came{{11 * s, 10 * s}}, idle},
		"any trial may be made":       {0, []came{{601 * s, 600 * s}}, 675*s + 2*idle},
		"it waited as long":           {time.Minute, known, idle},
		"it waited less":              {time.Minute, []came{{11 * s, 10 * s}, {10*s - 1, 0}}, trial10},
		"the next pause is as long":   {time.Minute, append(known, came{20 * s, 12500 * time.Millisecond}), idle},
		"the next pause is longer":    {time.Minute, append(known, came{20 * s, 16 * s}), 18*s + 2*idle},
		"the next one after an hour":  {time.Minute, append(known, came{time.Hour, 10 * s}), idle},
		"after more than an hour":     {time.Minute, append(known, came{time.Hour + 1, 10 * s}), trial10},
		"an hour after the last time": {time.Minute, append(known, came{20 * s, 16 * s}, came{17 * s, 0}, came{time.Hour - 9*s, 10 * s}), idle},
	} {
		t.Run(name, func(t *testing.T) {
			r := rhythm{window: time.Minute, most: tc.most}
			r.follow(idle, tc.all)
			assert.Equal(t, tc.want, r.quietAfter(idle).Sub(r.last))
		})
	}
}

// A gap is remembered for one window at least, and for two at most.
func TestGapsAreForgottenAfterTwoWindows(t *testing.T) {
	const s = time.Second
	r, now := rhythm{window: time.Minute}, time.Unix(1e9, 0)
	r.arrival(now, s)
	for i, step := range []struct{ gap, wait time.Duration }{
		{s, 2 * s}, // the first window begins
		{30 * s, 60 * s},
		{30 * s, 60 * s},
		{s, 60 * s}, // the second one
		{20 * s, 60 * s},
		{20 * s, 60 * s},
		{20 * s, 60 * s},
		{s, 40 * s}, // the third one
		{59 * s, 118 * s},
		{s, 118 * s},
		{s, 118 * s}, // the fourth one
		{61 * s, 122 * s},
		{61 * s, 122 * s},
		{s, 122 * s},
	} {
		now = now.Add(step.gap)
		r.arrival(now, s)
		assert.Equal(t, step.wait, r.quietAfter(s).Sub(now), "arrival %d", i)
	}
}

// So is how long a reader took to go on when it could.
func TestLooksAreForgottenAfterTwoWindows(t *testing.T) {
	const s = time.Second
	r, now := rhythm{window: time.Minute}, time.Unix(1e9, 0)
	r.arrival(now, s)
	for i, step := range []struct{ look, wait time.Duration }{
		{0, s}, // the first window begins
		{s, 3 * s},
		{0, 3 * s},
		{0, 3 * s},
		{0, 3 * s}, // the second one
		{s / 2, 3 * s},
		{0, 3 * s},
		{0, 3 * s},
		{0, 2 * s}, // the third one
		{0, 2 * s},
		{0, 2 * s},
		{0, 2 * s},
		{0, s},
	} {
		now = now.Add(20 * s)
		r.settled = now.Add(-step.look)
		r.arrival(now, s)
		assert.Equal(t, step.wait, r.quietAfter(s).Sub(now), "arrival %d", i)
	}
}
