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

// extraIn is the memory beside the records that the chunks of a state take.
func (m *Manager) extraIn(s state) int64 {
	m.lock()
	defer m.unlock()
	return m.ledger.tallies[s].extra
}

// The list that an encoder gets counts while it encodes.
func TestListsCountWhileTheyAreEncoded(t *testing.T) {
	p := &slow{takes: 10 * time.Second}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 2}, p)
		goWrite(t.Context(), m, "a", "x")
		goWrite(t.Context(), m, "a", "y")
		synctest.Wait()
		require.Equal(t, 1, m.chunksIn(encoding))
		assert.Equal(t, 2*recordSize, m.extraIn(encoding))
	})
}

// Dead letters count from when they are described to when they are encoded. From
// then on the object says which records it describes.
func TestDeadLettersCountWhileTheyAreEncoded(t *testing.T) {
	p := &slow{takes: 10 * time.Second}
	p.latency = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{MaxAge: time.Hour, MaxRecords: 2, OnBadRecord: ToDeadLetter, DeadLetters: letters{}}
		m := start(t, cfg, p)
		c := m.Arrive()
		require.NoError(t, c.Admit(t.Context(), 3, 2))
		c.Refuse(raw("x"), 0, errBad)
		c.Refuse(raw("yy"), 1, errBad)
		go func() { _, _ = c.Commit(t.Context()); c.Release() }()
		synctest.Wait()
		lines := int64(len("|record is bad|x") + len("|record is bad|yy"))
		assert.Equal(t, 2*noteSize+2*recordSize+lines, m.extraIn(encoding))
		time.Sleep(15 * time.Second)
		assert.Equal(t, 2*noteSize+2*recordSize, m.extraIn(landing))
		time.Sleep(15 * time.Second)
		require.Len(t, p.landed(), 1)
		require.Len(t, p.landed()[0].Records, 2)
		assert.Equal(t, "x", string(p.landed()[0].Records[0].Raw))
	})
}

// The partitions whose ratio is remembered count when nothing else is left.
func TestRememberedPartitionsCount(t *testing.T) {
	bubble(t, Config{MaxAge: time.Second, MaxFileSize: 100}, &memory{}, func(t *testing.T, m *Manager) {
		_, err := write(t.Context(), m, "abc", strings.Repeat("x", 50))
		require.NoError(t, err)
		m.lock()
		defer m.unlock()
		assert.Equal(t, int64(nameSize+len("abc")), m.counted())
	})
}

// Open chunks count with the objects that they will become, of which only a few
// times as many as are uploaded are there at once.
func TestObjectsToComeCountAsFarAsTheyWillBeThereAtOnce(t *testing.T) {
	bubble(t, Config{MaxAge: time.Hour, Uploads: 2}, &memory{}, func(t *testing.T, m *Manager) {
		projected := func() int64 {
			m.lock()
			defer m.unlock()
			return m.projected(open)
		}
		for i := range 9 {
			goWrite(t.Context(), m, fmt.Sprint(i), strings.Repeat("x", 1+i))
			synctest.Wait()
			switch i {
			case 7:
				assert.Equal(t, int64(36), projected(), "all of eight")
			case 8:
				assert.Equal(t, int64(8*5), projected(), "eight of nine, which have 45 bytes")
			}
		}
	})
}

// A call comes in if it fits exactly, and what it is charged is its bytes and what
// it and its records cost beside them.
func TestGateIsOpenUntilTheMemoryIsTaken(t *testing.T) {
	cfg := Config{MaxAge: time.Hour, MemoryLimit: 1000, CallOverhead: 10, RecordOverhead: 5}
	bubble(t, cfg, &memory{}, func(t *testing.T, m *Manager) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		first, second, third := m.Arrive(), m.Arrive(), m.Arrive()
		require.NoError(t, first.Admit(t.Context(), 100, 3))
		assert.Equal(t, int64(100+10+3*5), first.charge)
		require.NoError(t, second.Admit(gone, 1000-125-15, 1), "it need not wait")
		require.ErrorIs(t, third.Admit(gone, 0, 0), context.Canceled)
		for _, c := range []*Call{first, second, third} {
			c.Release()
		}
		atRest(t, m)
	})
}

// A call that has not asked yet holds up those behind it, but nothing is written
// early for that: it does not wait for memory, nor do they.
func TestCallThatHasNotAskedIsNoPressure(t *testing.T) {
	p, obs := &memory{}, &counter{}
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 1000, Observer: obs}, p, func(t *testing.T, m *Manager) {
		goWrite(t.Context(), m, "a", strings.Repeat("x", 100))
		synctest.Wait()
		waits := m.Arrive() // for the destination
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		behind := goWrite(ctx, m, "b", "x")
		<-behind.done
		require.ErrorIs(t, behind.err, context.DeadlineExceeded)
		assert.Empty(t, p.landed())
		assert.Zero(t, obs.waited)
		waits.Release()
	})
}

// A call that was not let in for as long as others gather is given the time to
// gather once it is.
func TestCallThatWaitedGathersOthers(t *testing.T) {
	for waited, want := range map[time.Duration]time.Duration{linger: linger, linger - 1: 1} {
		bubble(t, Config{MaxAge: linger}, &memory{}, func(t *testing.T, m *Manager) {
			c := m.Arrive()
			defer c.Release()
			time.Sleep(waited)
			require.NoError(t, c.Admit(t.Context(), 1, 1))
			c.Add([]byte("a"), "", raw("x"), 0)
			began := time.Now()
			_, err := c.Commit(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, time.Since(began), "after %s", waited)
		})
	}
}
