package chunk

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// The rules are looked at again when the next of them may apply, and in a second
// at the latest as long as calls are present.
func TestRulesAreLookedAtWhenTheyMayApply(t *testing.T) {
	const ms = time.Millisecond
	now := time.Unix(1e9, 0)
	young := func(m *Manager) { m.opens("a", 1, 1).first = now }
	for name, tc := range map[string]struct {
		cfg     Config
		prepare func(m *Manager)
		after   time.Duration
	}{
		"nothing is open":          {Config{MaxAge: 300 * ms}, func(*Manager) {}, report},
		"max_age is over soon":     {Config{MaxAge: 300 * ms}, young, 300 * ms},
		"max_age is over later":    {Config{MaxAge: time.Minute}, young, report},
		"no max_age":               {Config{}, young, report},
		"the input may be at rest": {Config{IdleTimeout: 400 * ms}, func(m *Manager) { young(m); m.rhythm.last = now }, 400 * ms},
		"a drain gathers":          {Config{}, func(m *Manager) { young(m); m.draining = true }, linger},
		"a partition is tried":     {Config{}, func(m *Manager) { m.tryNext = now.Add(200 * ms) }, 200 * ms},
		"the first of them counts": {Config{MaxAge: 600 * ms, IdleTimeout: 400 * ms}, func(m *Manager) {
			young(m)
			m.rhythm.last = now
			m.tryNext = now.Add(500 * ms)
		}, 400 * ms},
		"what is due waits for an encoder": {Config{MaxAge: 300 * ms}, func(m *Manager) {
			m.ledger.move(m.opens("busy", 1, 1), sealed)
			m.opens("a", 1, 1).first = now.Add(-time.Minute)
			m.ledger.sealed[0].first = now.Add(-time.Hour)
		}, report},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(tc.cfg)
			m.comes(1, committed)
			tc.prepare(m)
			next, any := m.evaluate(now)
			assert.True(t, any)
			assert.Equal(t, tc.after, next.Sub(now))
		})
	}
	_, any := still(Config{MaxAge: time.Second}).evaluate(now)
	assert.False(t, any, "nobody is there")
}

// A chunk is too old at max_age of its first record, and one for which others
// waited at the gate a moment after it was opened.
func TestChunkIsTooOldAtMaxAge(t *testing.T) {
	now := time.Unix(1e9, 0)
	for name, tc := range map[string]struct {
		maxAge, age, opened time.Duration
		gathers, old        bool
	}{
		"younger":                     {time.Second, time.Second - 1, 0, false, false},
		"as old":                      {time.Second, time.Second, 0, false, true},
		"no max_age":                  {0, time.Hour, time.Hour, false, false},
		"still gathers":               {time.Second, time.Hour, linger - 1, true, false},
		"has gathered":                {time.Second, time.Hour, linger, true, true},
		"gathered and young":          {time.Second, time.Second - 1, time.Hour, true, false},
		"gathers no longer than that": {time.Millisecond, time.Hour, time.Millisecond, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MaxAge: tc.maxAge})
			c := m.opens("a", 1, 1)
			c.first, c.opened = now.Add(-tc.age), now.Add(-tc.opened)
			if tc.gathers {
				c.gathers = c.opened.Add(linger)
			}
			assert.Equal(t, tc.old, m.isOld(now))
		})
	}
	assert.False(t, still(Config{MaxAge: time.Second}).isOld(now), "nothing is open")
}

// A chunk that is too old goes before younger ones that wait for an encoder, when
// one is free.
func TestOldChunkGoesBeforeYoungerOnes(t *testing.T) {
	now := time.Unix(1e9, 0)
	for name, tc := range map[string]struct {
		age, other time.Duration
		busy       bool
		first      string
	}{
		"older":       {time.Minute, time.Minute - 1, false, "old"},
		"as old":      {time.Minute, time.Minute, false, "waits"},
		"younger":     {time.Minute, time.Hour, false, "waits"},
		"not too old": {time.Second - 1, 0, false, "waits"},
		"all busy":    {time.Minute, 0, true, "waits"},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MaxAge: time.Second})
			for _, path := range []string{"busy", "waits", "waits too", "old"} {
				m.opens(path, 1, 1).first = now.Add(-tc.other)
			}
			m.ledger.open[partition{path: "old"}].first = now.Add(-tc.age)
			for _, path := range []string{"busy", "waits", "waits too"} {
				m.seal(m.ledger.open[partition{path: path}], Size)
			}
			if m.ledger.move(m.ledger.sealed[0], encoding); !tc.busy {
				m.ledger.move(m.ledger.in(encoding)[0], failed)
			}
			m.overtake(now)
			assert.Equal(t, tc.first, m.ledger.sealed[0].part.path)
			if tc.first == "old" {
				assert.Equal(t, Age, m.ledger.sealed[0].reason)
				assert.Equal(t, "waits", m.ledger.sealed[1].part.path)
				assert.Equal(t, "waits too", m.ledger.sealed[2].part.path)
			}
		})
	}
}

// There is nothing to overtake, and no input to be at rest, where nothing waits.
func TestRulesNeedSomethingToWait(t *testing.T) {
	m := still(Config{MaxAge: time.Second, IdleTimeout: time.Second})
	_, ok := m.quiet()
	assert.False(t, ok)
	m.opens("old", 1, 1).first = time.Unix(0, 0)
	m.overtake(time.Unix(1e9, 0))
	assert.Len(t, m.ledger.open, 1)
	assert.Empty(t, m.ledger.sealed)
	_, ok = m.quiet()
	assert.True(t, ok)
}

// A call that must not wait has everything written that is open, and nothing that
// comes later.
func TestHurryIsForWhatIsOpen(t *testing.T) {
	m, now := still(Config{}), time.Unix(1e9, 0)
	m.hurried = true
	m.rollDue(now) // all of the call's records were refused
	m.opens("a", 1, 1)
	m.rollDue(now)
	assert.Len(t, m.ledger.open, 1)
	m.hurried = true
	m.rollDue(now)
	assert.Equal(t, Recovery, m.ledger.sealed[0].reason)
	m.opens("b", 1, 1)
	m.rollDue(now)
	assert.Len(t, m.ledger.open, 1)
}

// When the input has stopped as many chunks are rolled as encoders are free. Only
// a flush goes on as such with the others.
func TestInputAtRestIsRolledByFreeEncoders(t *testing.T) {
	for name, tc := range map[string]struct {
		open, rolled int
		drain, flush bool
		flushes      bool
		reason       Reason
	}{
		"an input at rest":   {open: 5, rolled: 2, reason: Idle},
		"a drain":            {open: 5, rolled: 2, drain: true, reason: Drain},
		"a flush":            {open: 5, rolled: 2, flush: true, flushes: true, reason: Drain},
		"the end of a flush": {open: 2, rolled: 2, flush: true, reason: Drain},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{IdleTimeout: time.Second, Encoders: 2, Uploads: 3})
			m.draining, m.flushing = tc.drain, tc.flush
			for i := range tc.open {
				m.opens(string(rune('a'+i)), 1, 1)
			}
			m.rollIdle(time.Unix(1e9, 0))
			assert.Len(t, m.ledger.sealed, tc.rolled)
			for _, c := range m.ledger.sealed {
				assert.Equal(t, tc.reason, c.reason)
			}
			assert.Len(t, m.ledger.open, tc.open-tc.rolled)
			assert.Equal(t, tc.flushes, m.flushing)
		})
	}
}

// gauges is an Observer that keeps what it is told of the state.
type gauges struct {
	silent
	mu   sync.Mutex
	seen []Stats
}

func (g *gauges) Observe(s Stats) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, s)
}

func (g *gauges) all() []Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.seen)
}

// The state is told once a second while records wait, and when none do any more.
func TestStateIsToldWhileRecordsWait(t *testing.T) {
	obs := &gauges{}
	bubble(t, Config{MaxAge: 10 * time.Second, Observer: obs}, &memory{}, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", "x")
		synctest.Wait()
		before := len(obs.all())
		time.Sleep(9500 * time.Millisecond)
		synctest.Wait()
		assert.Len(t, obs.all(), before+9)
		assert.Equal(t, 1, obs.all()[before+8].Calls)
		<-w.done
		synctest.Wait()
		seen := obs.all()
		assert.Equal(t, Stats{UploadLimit: 2}, seen[len(seen)-1])
		time.Sleep(2 * time.Second) // one more that was due
		after := len(obs.all())
		time.Sleep(time.Minute)
		assert.Len(t, obs.all(), after)
	})
}

// Everything is rolled when as many calls wait as there can be, unless something
// is under way for which some of them wait.
func TestManagerIsSaturatedWhenNoCallCanCome(t *testing.T) {
	for name, tc := range map[string]struct {
		committed, asking int
		open, underWay    bool
		limit             int
		want              bool
	}{
		"all wait":              {3, 0, true, false, 3, true},
		"some at the gate":      {2, 1, true, false, 3, true},
		"more than there are":   {3, 1, true, false, 3, true},
		"one can come":          {1, 1, true, false, 3, false},
		"no limit":              {3, 0, true, false, 0, false},
		"nothing is open":       {3, 0, false, false, 3, false},
		"a chunk is on its way": {3, 0, true, true, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MaxInFlight: tc.limit})
			for range tc.committed {
				m.comes(1, committed)
			}
			for range tc.asking {
				m.comes(1, asking)
			}
			if tc.open {
				m.opens("a", 1, 1)
			}
			if tc.underWay {
				m.seal(m.opens("b", 1, 1), Size)
			}
			assert.Equal(t, tc.want, m.saturated())
		})
	}
}

// The oldest data goes first, and dead letters only when no data is open or under
// way.
func TestDataGoesBeforeDeadLetters(t *testing.T) {
	now := time.Unix(1e9, 0)
	type held struct {
		kind Kind
		path string
		age  time.Duration
	}
	for name, tc := range map[string]struct {
		open     []held
		underWay bool
		want     string
	}{
		"nothing":                 {nil, false, ""},
		"data is oldest":          {[]held{{Data, "a", 2}, {Data, "b", 3}, {DeadLetter, "dead", 1}}, false, "b"},
		"letters are oldest":      {[]held{{DeadLetter, "dead", 9}, {Data, "a", 2}, {Data, "b", 3}, {Data, "c", 1}}, false, "b"},
		"only letters":            {[]held{{DeadLetter, "dead", 9}, {DeadLetter, "later", 8}}, false, "dead"},
		"only letters, data goes": {[]held{{DeadLetter, "dead", 9}}, true, ""},
		"data goes, data is open": {[]held{{DeadLetter, "dead", 9}, {Data, "a", 1}}, true, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{})
			for _, h := range tc.open {
				c := m.newChunk(partition{kind: h.kind, path: h.path})
				c.first = now.Add(-h.age)
				m.ledger.begin(c)
			}
			if tc.underWay {
				m.seal(m.opens("busy", 1, 1), Size)
			}
			got := ""
			if c := m.oldest(); c != nil {
				got = c.part.path
			}
			assert.Equal(t, tc.want, got)
		})
	}
}

// The records of calls that gave up leave what is open, and what they were
// expected to take is free.
func TestSweepTakesBackWithdrawnRecords(t *testing.T) {
	m := still(Config{MaxFileSize: 1000})
	gone, stays := m.comes(1, committed), m.comes(1, committed)
	m.place(partition{path: "a"}, gone.brings(2, 10), false)
	m.place(partition{path: "a"}, stays.brings(3, 10), false)
	m.place(partition{path: "b"}, gone.brings(1, 10), false)
	m.seal(m.opens("c", 1, 1), Size)
	m.ledger.move(m.ledger.sealed[0], encoding)
	_, _ = gone.withdraw(context.Canceled)
	assert.True(t, m.left)
	m.evaluate(time.Unix(0, 0))
	assert.False(t, m.left)
	assert.Len(t, m.ledger.open, 1)
	a := m.ledger.open[partition{path: "a"}]
	assert.Equal(t, []int64{3, 30, 30}, []int64{int64(a.records), a.raw, a.bytes})
}
