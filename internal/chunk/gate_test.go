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

func TestCallAtTheGateEndsWithItsContext(t *testing.T) {
	p := &memory{latency: time.Hour}
	bubble(t, Config{MaxAge: time.Second, MemoryLimit: 100}, p, func(t *testing.T, m *Manager) {
		inside, stop := context.WithCancel(t.Context())
		first := goWrite(inside, m, "a", strings.Repeat("x", 90))
		time.Sleep(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waits := goWrite(ctx, m, "b", strings.Repeat("x", 90))
		<-waits.done
		require.ErrorIs(t, waits.err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, waits.took)
		stop()
		<-first.done
		synctest.Wait()
		atRest(t, m)
	})
}

// A call that was let in just when it gave up must not take the memory along.
func TestCallThatWasLetInAndGivesUpReturnsItsMemory(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 100}, p, func(t *testing.T, m *Manager) {
		first := m.Arrive()
		require.NoError(t, first.Admit(t.Context(), 90, 1))
		ctx, cancel := context.WithCancel(t.Context())
		second := m.Arrive()
		over := make(chan error)
		go func() { over <- second.Admit(ctx, 90, 1) }()
		synctest.Wait()
		m.lock()
		first.m.ledger.book.move(first, released)
		m.letIn() // second is in, and does not know yet
		cancel()
		m.unlock()
		<-over // either way
		second.Release()
		atRest(t, m)
	})
}

// The call in front fits nowhere and gives up: those behind it that fit must
// not wait for an upload.
func TestCallThatGivesUpLetsTheNextIn(t *testing.T) {
	p := &memory{latency: 30 * time.Second}
	bubble(t, Config{MaxAge: time.Second, IdleTimeout: time.Hour, MemoryLimit: 1000}, p, func(t *testing.T, m *Manager) {
		inside := goWrite(t.Context(), m, "a", strings.Repeat("x", 400))
		time.Sleep(2 * time.Second) // it is being uploaded, until 31 s
		ctx, cancel := context.WithCancel(t.Context())
		head := goWrite(ctx, m, "b", strings.Repeat("x", 900))
		time.Sleep(time.Second)
		small := goWrite(t.Context(), m, "c", "tiny")
		time.Sleep(time.Second)
		cancel()
		<-head.done
		<-inside.done
		<-small.done
		assert.Less(t, small.took, 33*time.Second, "two seconds at the gate, and its own upload")
	})
}

// What withdrawn calls leave behind is room for those that wait.
func TestRoomOfWithdrawnRecordsIsUsed(t *testing.T) {
	p := &memory{latency: time.Minute}
	cfg := Config{MaxAge: time.Hour, MemoryLimit: 1000, Uploads: 1, MaxRecords: 2}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		busy := goWrite(t.Context(), m, "busy", "1", "2") // full, and being uploaded
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", strings.Repeat("x", 400))
		synctest.Wait()
		waits := goWrite(t.Context(), m, "b", strings.Repeat("x", 800)) // with what the gone ones will be encoded to it is too much
		synctest.Wait()
		m.lock()
		require.Equal(t, 1, m.ledger.book.stages[asking].calls)
		m.unlock()
		cancel()
		<-gone.done
		synctest.Wait()
		m.lock()
		assert.Zero(t, m.ledger.book.stages[asking].calls)
		m.unlock()
		m.Drain()
		<-waits.done
		<-busy.done
	})
}

// An object that is being uploaded is in memory twice: as records, and encoded.
func TestEncodedObjectsCountAgainstTheLimit(t *testing.T) {
	p := &memory{latency: time.Minute}
	bubble(t, Config{MaxAge: time.Second, IdleTimeout: time.Hour, MemoryLimit: 1000}, p, func(t *testing.T, m *Manager) {
		first := goWrite(t.Context(), m, "a", strings.Repeat("x", 400))
		time.Sleep(2 * time.Second)
		second := goWrite(t.Context(), m, "b", strings.Repeat("x", 300))
		<-first.done
		<-second.done
		assert.Greater(t, second.took, 110*time.Second, "400 + 401 + 300 are more than 1,000: a minute until that is stored, and its own minute")
	})
}

// Lists that are made for an encoder, and open partitions, count as well.
func TestWhatIsKeptBesideRecordsCounts(t *testing.T) {
	p := &memory{latency: time.Minute, factor: 1000}
	cfg := Config{MaxAge: time.Second, IdleTimeout: time.Hour, MemoryLimit: 10_000, PartitionOverhead: 100}
	cfg.InitialRatio[Data] = 0.001
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		counted := func() int64 {
			m.lock()
			defer m.unlock()
			return m.counted()
		}
		var all []*writing
		for i := range 20 {
			all = append(all, goWrite(t.Context(), m, fmt.Sprintf("%03d", i%10), "x"))
		}
		synctest.Wait()
		assert.Equal(t, int64(20+10*(100+3)), counted(), "each partition, with its name")
		time.Sleep(2 * time.Second)
		m.lock()
		assert.Equal(t, 2, m.ledger.tallies[landing].chunks)
		m.unlock()
		assert.Equal(t, 20+10*(100+3)+2*2*recordSize, counted(), "two are being uploaded, with a list each")
		for _, w := range all {
			<-w.done
		}
	})
}

// The upload that ends makes room at once, before its call has returned.
func TestEndOfAnUploadLetsCallsIn(t *testing.T) {
	p := &memory{latency: time.Minute}
	bubble(t, Config{MaxAge: time.Second, IdleTimeout: time.Hour, MemoryLimit: 1000}, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		require.NoError(t, c.Admit(t.Context(), 400, 1))
		done := make(chan struct{})
		c.Add([]byte("a"), "", raw(strings.Repeat("x", 400)), 0)
		go func() {
			defer close(done)
			_, err := c.Commit(t.Context())
			assert.NoError(t, err)
		}()
		time.Sleep(2 * time.Second)
		second := goWrite(t.Context(), m, "b", strings.Repeat("x", 300))
		<-done
		synctest.Wait()
		m.lock()
		assert.Zero(t, m.ledger.book.stages[asking].calls, "the encoded object is gone, though the first call has not been released")
		m.unlock()
		c.Release()
		<-second.done
	})
}

// When only calls at the gate wait for what is open, nothing else will ever make
// room.
func TestWhatIsOpenIsRolledWhenOnlyTheGateWaits(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 1000}, p, func(t *testing.T, m *Manager) {
		first := goWrite(t.Context(), m, "a", strings.Repeat("x", 300)) // pressure 601: below 80 %
		synctest.Wait()
		second := goWrite(t.Context(), m, "b", strings.Repeat("x", 500))
		<-first.done
		assert.Zero(t, first.took)
		m.Drain()
		<-second.done
		assert.Equal(t, Memory, p.landed()[0].Reason)
	})
}

// Calls are let in as they arrived, also those that waited somewhere else before
// they asked: for a destination that was down.
func TestCallsAreLetInAsTheyArrived(t *testing.T) {
	p := &memory{latency: time.Second}
	cfg := Config{MaxAge: 100 * time.Millisecond, MemoryLimit: 100, CallOverhead: 30, Uploads: 1}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		const n = 40
		var calls [n]*Call
		for i := range n {
			calls[i] = m.Arrive()
		}
		time.Sleep(time.Hour) // an outage
		let := make(chan int, n)
		for i := range n {
			go func() {
				c := calls[(7*i+3)%n] // they wake up in any order
				defer c.Release()
				assert.NoError(t, c.Admit(t.Context(), 1, 1))
				let <- (7*i + 3) % n
				c.Add([]byte("a"), "", raw(fmt.Sprintf("%03d", (7*i+3)%n)), 0)
				_, err := c.Commit(t.Context())
				assert.NoError(t, err)
			}()
		}
		for i := range n / 3 * 3 { // three fit at once, and may overtake each other afterwards
			assert.Equal(t, i/3, <-let/3)
		}
		time.Sleep(time.Hour)
		assert.Equal(t, n, p.rows())
	})
}

// A batch that is brought again, because its call was sent away while the
// destination was down, has the place that it had.
func TestBatchThatIsRepeatedKeepsItsPlace(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Minute}, p, func(t *testing.T, m *Manager) {
		first := m.Arrive()
		place := first.Place()
		first.Release() // sent away
		time.Sleep(10 * time.Second)
		second := goWrite(t.Context(), m, "a", "second")
		synctest.Wait()
		again := m.Arrive()
		again.Resume(place)
		again.Resume(Place{}) // no place
		require.NoError(t, again.Admit(t.Context(), 5, 1))
		again.Add([]byte("a"), "", raw("first"), 0)
		began := time.Now()
		_, err := again.Commit(t.Context())
		require.NoError(t, err)
		again.Release()
		<-second.done
		assert.Equal(t, []string{"first", "second"}, p.landed()[0].lines)
		assert.Equal(t, 50*time.Second, time.Since(began), "and the age")
	})
}

// What waited for the destination comes all at once and is old already. It must
// not become an object for each call.
func TestWhatWaitedForTheDestinationSharesObjects(t *testing.T) {
	p := &memory{}
	cfg := Config{MaxAge: time.Second, IdleTimeout: 2 * time.Second}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		var all []*Call
		for range 100 {
			all = append(all, m.Arrive())
		}
		time.Sleep(time.Hour)
		for _, c := range all {
			go func() {
				defer c.Release()
				assert.NoError(t, c.Admit(t.Context(), 1, 1))
				c.Add([]byte("a"), "", raw("x"), 0)
				_, err := c.Commit(t.Context())
				assert.NoError(t, err)
			}()
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Minute)
		assert.Len(t, p.landed(), 1)
		assert.Equal(t, 100, p.rows())
	})
}
