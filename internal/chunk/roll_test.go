package chunk

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// bubble runs a test with a clock of its own.
func bubble(t *testing.T, cfg Config, p *memory, test func(t *testing.T, m *Manager)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, start(t, cfg, p))
	})
}

func TestChunkIsRolledAtMaxAgeOfItsFirstRecord(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Minute}, p, func(t *testing.T, m *Manager) {
		first := goWrite(t.Context(), m, "a", "one")
		time.Sleep(40 * time.Second)
		second := goWrite(t.Context(), m, "a", "two")
		<-first.done
		<-second.done
		assert.Equal(t, time.Minute, first.took)
		assert.Equal(t, 20*time.Second, second.took)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, Age, p.landed()[0].Reason)
		assert.Equal(t, []string{"one", "two"}, p.landed()[0].lines)
	})
}

func TestObjectThatEndsAtASchemaChangeSaysSo(t *testing.T) {
	p := &memory{schemas: true}
	bubble(t, Config{MaxAge: time.Minute}, p, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", "x1", "x2", "y1")
		<-w.done
		assert.Equal(t, time.Minute, w.took)
		assert.Equal(t, map[Reason][]string{Schema: {"x1", "x2"}, Age: {"y1"}}, p.linesByReason())
	})
}

func TestEndOfABusyInputIsFoundAfterIdleTimeout(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: 2 * time.Second}, p, func(t *testing.T, m *Manager) {
		var last *writing
		for i := range 100 {
			last = goWrite(t.Context(), m, "a", fmt.Sprint(i))
			time.Sleep(50 * time.Millisecond)
		}
		<-last.done
		assert.Equal(t, 2*time.Second, last.took)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, Idle, p.landed()[0].Reason)
		assert.Len(t, p.landed()[0].lines, 100)
	})
}

func TestTrickleKeepsItsMaxAge(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Minute, IdleTimeout: 2 * time.Second}, p, func(t *testing.T, m *Manager) {
		for i := range 10 {
			goWrite(t.Context(), m, "a", fmt.Sprint(i))
			time.Sleep(19 * time.Second)
		}
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 10, p.rows())
		assert.Equal(t, map[Reason]int{Idle: 2, Age: 2}, p.reasons(),
			"only the first record, which shows no rhythm yet, and the end of the input are cut short")
	})
}

func TestGapEndedByOurOwnAcknowledgementIsAStall(t *testing.T) {
	p := &memory{latency: 10 * time.Millisecond}
	obs := &counter{}
	cfg := Config{MaxAge: time.Hour, IdleTimeout: 2 * time.Second, Observer: obs}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		began := time.Now()
		for range 10 { // an input that hands over the next batch after the ack of the last
			_, err := write(t.Context(), m, "a", "x", "y")
			require.NoError(t, err)
		}
		assert.Less(t, time.Since(began), 21*time.Second, "stalls must not stretch the idle timeout")
		assert.Equal(t, map[Reason]int{Idle: 10}, p.reasons())
		assert.Positive(t, obs.stalled)
	})
}

func TestSaturationRollsEverythingAtOnce(t *testing.T) {
	p := &memory{latency: 10 * time.Millisecond}
	obs := &counter{}
	cfg := Config{MaxAge: time.Hour, IdleTimeout: time.Hour, MaxInFlight: 64, Observer: obs}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		var all []*writing
		for i := range 64 {
			all = append(all, goWrite(t.Context(), m, fmt.Sprint(i%3), "x"))
		}
		for _, w := range all {
			<-w.done
			require.NoError(t, w.err)
			assert.LessOrEqual(t, w.took, 20*time.Millisecond)
		}
		assert.Equal(t, map[Reason]int{Saturation: 3}, p.reasons())
		assert.Equal(t, 1, obs.saturated)
	})
}

func TestDrainRollsEverythingAndWhatStillArrives(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: time.Hour}, p, func(t *testing.T, m *Manager) {
		before := goWrite(t.Context(), m, "a", "x")
		time.Sleep(time.Second)
		m.Drain()
		<-before.done
		assert.Equal(t, time.Second, before.took)
		late := goWrite(t.Context(), m, "a", "y")
		later := goWrite(t.Context(), m, "a", "z")
		<-late.done
		<-later.done
		assert.Equal(t, linger, late.took)
		assert.Equal(t, map[Reason]int{Drain: 2}, p.reasons())
	})
}

func TestMemoryLimitRollsTheLargestAndThenHoldsArrivals(t *testing.T) {
	p := &memory{latency: time.Second}
	obs := &counter{}
	cfg := Config{MaxAge: time.Hour, MemoryLimit: 10_000, Observer: obs}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		big, small := strings.Repeat("b", 1000), strings.Repeat("s", 100)
		var calls []*writing
		calls = append(calls, goWrite(t.Context(), m, "small", small))
		for range 20 {
			calls = append(calls, goWrite(t.Context(), m, "big", big))
			synctest.Wait()
			m.mu.Lock()
			assert.LessOrEqual(t, m.ledger.book.held(), int64(10_000))
			m.mu.Unlock()
		}
		time.Sleep(time.Minute)
		assert.Positive(t, obs.waited)
		assert.Equal(t, "big", p.landed()[0].Path, "the largest chunk goes first")
		for _, o := range p.landed() {
			assert.Equal(t, Memory, o.Reason)
		}
		m.Drain()
		for _, c := range calls {
			<-c.done
			require.NoError(t, c.err)
		}
		assert.Equal(t, 21, p.rows())
	})
}

func TestBatchLargerThanEveryLimitIsStored(t *testing.T) {
	p := &memory{}
	cfg := Config{
		MaxAge: time.Minute, IdleTimeout: time.Second, MemoryLimit: 1000, MaxFileSize: 500,
		MaxRecords: 20, MaxOpenPartitions: 1, MaxInFlight: 1,
	}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		lines := make([]string, 1000)
		for i := range lines {
			lines[i] = fmt.Sprintf("%08d", i)
		}
		failures, err := write(t.Context(), m, "a", lines...)
		require.NoError(t, err)
		assert.Empty(t, failures)
		assert.Equal(t, 1000, p.rows())
		for _, o := range p.landed() {
			assert.LessOrEqual(t, o.Bytes, int64(500))
			assert.LessOrEqual(t, len(o.lines), 20)
		}
	})
}

func TestMaxOpenPartitionsRollsTheOldest(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, MaxOpenPartitions: 2}, p, func(t *testing.T, m *Manager) {
		for _, path := range []string{"a", "b", "c"} {
			goWrite(t.Context(), m, path, "x")
			time.Sleep(time.Second)
		}
		require.Len(t, p.landed(), 1)
		assert.Equal(t, "a", p.landed()[0].Path)
		assert.Equal(t, Partitions, p.landed()[0].Reason)
		m.Drain()
	})
}

func TestSteadyInputFillsObjectsToTheCap(t *testing.T) {
	p := &memory{factor: 5}
	cfg := Config{MaxAge: time.Hour, IdleTimeout: time.Second, MaxFileSize: 20_000}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		for range 200 {
			lines := make([]string, 100)
			for i := range lines {
				lines[i] = strings.Repeat("x", 50+i%7)
			}
			goWrite(t.Context(), m, "a", lines...)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		full := 0
		for _, o := range p.landed()[1:] {
			assert.LessOrEqual(t, o.Bytes, int64(20_000))
			if o.Reason == Size {
				full++
				assert.Greater(t, o.Bytes, int64(19_000), "a rolled object must be nearly full")
			}
		}
		assert.Greater(t, full, 5)
	})
}

func TestObjectCutAtTheCapSaysSo(t *testing.T) {
	p := &memory{}
	cfg := Config{MaxAge: time.Minute, MaxFileSize: 10}
	cfg.InitialRatio[Data] = 0.01 // the first estimate is far too low
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		_, err := write(t.Context(), m, "a", "1234", "1234", "1234")
		require.NoError(t, err)
		assert.Equal(t, map[Reason]int{Size: 1, Age: 1}, p.reasons())
	})
}

func TestRecordsOfDifferentSchemasNeverShareAnObject(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 100, 100))
		for i := range 100 { // interleaved
			c.Add([]byte("a"), fmt.Sprint("v", i%2), record.Record{Raw: fmt.Append(nil, i)}, i)
		}
		_, err := c.Commit(t.Context())
		require.NoError(t, err)
		require.Len(t, p.landed(), 2)
		for _, o := range p.landed() {
			assert.Len(t, o.lines, 50)
		}
	})
}

func TestHurriedCallIsWrittenAtOnce(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour}, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 1, 1))
		c.Add([]byte("a"), "", record.Record{Raw: []byte("x")}, 0)
		c.Hurry()
		began := time.Now()
		_, err := c.Commit(t.Context())
		require.NoError(t, err)
		assert.Zero(t, time.Since(began))
		assert.Equal(t, map[Reason]int{Recovery: 1}, p.reasons())
	})
}

// The Kafka readers stop at their checkpoint limit and look only once a second
// whether they may go on.
func TestInputThatResumesSlowlyIsStalledAndNotSlow(t *testing.T) {
	p := &memory{latency: 10 * time.Millisecond}
	obs := &counter{}
	cfg := Config{MaxAge: time.Hour, IdleTimeout: 2 * time.Second, Observer: obs}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		for range 10 {
			began := time.Now()
			_, err := write(t.Context(), m, "a", "x", "y")
			require.NoError(t, err)
			assert.Less(t, time.Since(began), 5*time.Second, "stalls must not stretch the idle timeout")
			time.Sleep(time.Second)
		}
		assert.Positive(t, obs.stalled)
	})
}
