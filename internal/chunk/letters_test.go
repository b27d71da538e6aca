package chunk

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// costly is a DeadLetters whose letters are six times as large as the record, as
// control characters are in JSON, and take a while to write.
type costly struct {
	takes time.Duration

	mu   sync.Mutex
	live int64 // bytes described
}

func (*costly) Path(time.Time) string { return "dead" }

func (c *costly) Describe(r *record.Record, _ string, _ error, _ time.Time) []byte {
	time.Sleep(c.takes)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live += int64(6 * len(r.Raw))
	return bytes.Repeat([]byte("z"), 6*len(r.Raw))
}

// Two hundred bad records that take 20 ms each to describe must not hold up
// anybody else.
func TestDeadLettersAreDescribedWithoutHoldingUpOthers(t *testing.T) {
	p := &memory{}
	cfg := Config{MaxAge: time.Second, OnBadRecord: ToDeadLetter, DeadLetters: &costly{takes: 20 * time.Millisecond}, Uploads: 4, Encoders: 2}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		lines := make([]string, 200)
		for i := range lines {
			lines[i] = fmt.Sprint("bad", i)
		}
		bad := goWrite(t.Context(), m, "a", lines...)
		var others []*writing
		for i := range 50 {
			others = append(others, goWrite(t.Context(), m, "b", fmt.Sprint(i)))
			time.Sleep(100 * time.Millisecond)
		}
		for _, w := range others {
			<-w.done
			assert.LessOrEqual(t, w.took, time.Second)
		}
		<-bad.done
		assert.Equal(t, 250, p.rows())
	})
}

func TestDeadLettersOfRecordsWithoutAPartitionHoldUpNobody(t *testing.T) {
	p := &memory{}
	cfg := Config{MaxAge: time.Second, OnBadRecord: ToDeadLetter, DeadLetters: &costly{takes: 20 * time.Millisecond}, Uploads: 4, Encoders: 2}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		require.NoError(t, c.Admit(t.Context(), 200, 200))
		for i := range 200 {
			c.Refuse(raw("x"), i, errBad)
		}
		began := time.Now()
		go func() { _, _ = c.Commit(t.Context()); c.Release() }()
		synctest.Wait()
		other := goWrite(t.Context(), m, "b", "y")
		<-other.done
		assert.Equal(t, time.Second, time.Since(began), "a second is max_age")
	})
}

// Dead letters are larger than their records. They are described an object at a
// time, and what is described counts.
func TestDeadLettersStayWithinTheMemoryLimit(t *testing.T) {
	const limit, size = 16 << 20, 100_000
	p, d := &memory{latency: time.Second}, &costly{}
	most, counted := int64(0), true
	old := audit
	t.Cleanup(func() { audit = old })
	audit = func(m *Manager) {
		old(m)
		described := int64(0)
		for c := range m.ledger.working {
			if c.part.kind == DeadLetter {
				described += c.extra - c.runs.notes()
			}
		}
		if live := d.took(); live > 0 && described > 0 {
			counted = counted && described >= min(live, limit/lettersShare)
		}
		most = max(most, m.counted())
	}
	cfg := Config{MaxAge: time.Minute, MemoryLimit: limit, OnBadRecord: ToDeadLetter, DeadLetters: d, Uploads: 1}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		var all []*writing
		for i := range 160 {
			all = append(all, goWrite(t.Context(), m, fmt.Sprint("p", i%50), "bad"+strings.Repeat("x", size)))
			synctest.Wait()
			if i%20 == 0 {
				time.Sleep(1100 * time.Millisecond)
			}
		}
		m.Drain()
		for _, w := range all {
			<-w.done
			require.NoError(t, w.err)
		}
		assert.Equal(t, 160, p.rows())
		for _, o := range p.landed() {
			if o.Kind == DeadLetter {
				assert.LessOrEqual(t, o.Bytes, int64(limit/lettersShare+6*size+100))
			}
		}
		m.lock()
		defer m.unlock()
		assert.True(t, counted, "what is described is counted")
		assert.Less(t, most, int64(limit+limit/2), "the encoded form of an object more")
	})
}

// took returns the bytes that were described since it was last asked.
func (c *costly) took() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.live
	c.live = 0
	return n
}

// notes is what refused records take until they are described.
func (rs runs) notes() int64 {
	n := int64(0)
	for i := range rs {
		n += rs[i].extra()
	}
	return n
}

// Dead letters wait for the data that may add to them, also when everything is
// rolled because all slots are taken.
func TestSaturationKeepsDeadLettersBack(t *testing.T) {
	p := &memory{latency: time.Second}
	cfg := Config{MaxAge: time.Hour, MaxInFlight: 2, OnBadRecord: ToDeadLetter, DeadLetters: letters{}}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		a := m.Arrive()
		require.NoError(t, a.Admit(t.Context(), 1, 1))
		a.Refuse(raw("1"), 0, errBad)
		go func() { _, _ = a.Commit(t.Context()); a.Release() }()
		synctest.Wait()
		<-goWrite(t.Context(), m, "a", "bad", "good").done
		time.Sleep(time.Minute)
		dead := 0
		for _, o := range p.landed() {
			if o.Kind == DeadLetter {
				dead++
				assert.Len(t, o.lines, 2)
			}
		}
		assert.Equal(t, 1, dead, "one object of dead letters")
	})
}

// So many dead letters are described at once as exceed the size of an object by
// one at most.
func TestDeadLettersAreDescribedUntilAnObjectIsFull(t *testing.T) {
	for name, tc := range map[string]struct {
		size  int64
		lines int
	}{
		"no limit":                   {0, 5},
		"one is beyond":              {1, 1},
		"two are beyond":             {19, 2},
		"two are just the size":      {20, 3},
		"all are less than the size": {1000, 5},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MaxFileSize: tc.size, DeadLetters: letters{}})
			reason := errors.New("r")
			rs := runs{
				m.letter(m.comes(1, committed).brings(2, 6), "a", reason).run,
				m.letter(m.comes(1, committed).brings(3, 6), "b", reason).run,
			}
			lines, size := m.describe(rs, m.cfg.capOf(DeadLetter))
			assert.Len(t, lines, tc.lines)
			assert.Equal(t, int64(10*tc.lines), size)
			for i, l := range lines {
				assert.Equal(t, []string{"a|r|xxxxxx", "b|r|xxxxxx"}[min(i/2, 1)], string(l.Raw))
			}
		})
	}
}

// A record that is found bad while the manager is being closed has no dead letter
// any more, and is reported back.
func TestNothingBecomesADeadLetterAfterClose(t *testing.T) {
	for name, tc := range map[string]struct {
		closed   bool
		failures []Failure
		open     int
	}{
		"before": {false, nil, 1},
		"after":  {true, []Failure{{Index: 0, Err: &Refusal{errBad}}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{DeadLetters: letters{}})
			m.closed = tc.closed
			c := m.comes(1, committed)
			r := c.brings(1, 1)
			c.pending = 1
			m.expel([]refusal{{run: r, reason: errBad, policy: ToDeadLetter, letter: m.letter(r, "a", errBad)}})
			assert.Equal(t, tc.failures, c.failures)
			assert.Len(t, m.ledger.open, tc.open)
		})
	}
}
