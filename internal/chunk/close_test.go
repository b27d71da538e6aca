package chunk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deaf is a Pipeline whose uploads do not notice that they are cancelled.
type deaf struct {
	memory
	takes time.Duration
}

func (d *deaf) Land(_ context.Context, o Object) (string, error) {
	time.Sleep(d.takes)
	return d.memory.Land(context.Background(), o)
}

func TestCloseEndsWithItsContext(t *testing.T) {
	p := &deaf{takes: time.Minute}
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{MaxAge: time.Second, NewID: func() string { return "id" }, Uploads: 1}
		m := New(cfg, p)
		w := goWrite(t.Context(), m, "a", "x", "y")
		time.Sleep(2 * time.Second)
		open := goWrite(t.Context(), m, "b", "z")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		closed := make(chan error)
		go func() { closed <- m.Close(ctx) }()
		<-open.done
		require.Len(t, open.failures, 1)
		require.ErrorIs(t, open.failures[0].Err, ErrClosed)
		assert.Zero(t, time.Since(began), "what was only open does not wait")
		require.ErrorIs(t, <-closed, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(began))
		<-w.done
		require.Len(t, w.failures, 2)
		require.ErrorIs(t, w.failures[0].Err, ErrClosed)
		require.NoError(t, m.Close(t.Context()), "it ends in the background")
		assert.Equal(t, time.Minute+time.Second, time.Since(began)+2*time.Second)
		atRest(t, m)
	})
}

// An upload that ends in time is a success, also while the manager is being
// closed.
func TestUploadThatEndsDuringCloseCounts(t *testing.T) {
	p := &deaf{takes: 2 * time.Second}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second}, p)
		w := goWrite(t.Context(), m, "a", "x")
		time.Sleep(2 * time.Second)
		require.NoError(t, m.Close(t.Context()))
		<-w.done
		require.NoError(t, w.err)
		assert.Empty(t, w.failures)
		assert.Equal(t, 1, p.rows())
	})
}

// A chunk that is being encoded when the manager closes is neither uploaded nor
// forgotten, nor is what its object could not take.
func TestCloseWhileEncoding(t *testing.T) {
	for name, cfg := range map[string]Config{
		"put back": {MaxFileSize: 40, InitialRatio: [kinds]float64{0.1, 1}},
		"refused":  {OnBadRecord: ToDeadLetter, DeadLetters: letters{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &slow{takes: 5 * time.Second, memory: memory{latency: time.Second}}
			synctest.Test(t, func(t *testing.T) {
				cfg.MaxAge = time.Second
				m := start(t, cfg, p)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				w := goWrite(ctx, m, "a", strings.Repeat("x", 30), "bad"+strings.Repeat("y", 30))
				time.Sleep(3 * time.Second)
				require.NoError(t, m.Close(t.Context()))
				<-w.done
				require.NoError(t, w.err, "the call must end with failures, not with its context")
				assert.Len(t, w.failures, 2)
				assert.Zero(t, p.rows())
				atRest(t, m)
			})
		})
	}
}

func TestWithdrawnRecordsThatWaitForAnEncoderAreNotStored(t *testing.T) {
	p := &memory{latency: 5 * time.Second}
	bubble(t, Config{MaxAge: time.Hour, MaxRecords: 2, Uploads: 1}, p, func(t *testing.T, m *Manager) {
		busy := goWrite(t.Context(), m, "busy", "1", "2")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", "gone")
		synctest.Wait()
		stays := goWrite(t.Context(), m, "a", "stays") // full: it waits behind busy
		synctest.Wait()
		cancel()
		<-gone.done
		<-busy.done
		<-stays.done
		require.Len(t, p.landed(), 2)
		assert.Equal(t, []string{"stays"}, p.landed()[1].lines)
	})
}

func TestWithdrawnWhileEncodingIsNotUploaded(t *testing.T) {
	p := &slow{takes: 5 * time.Second}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 1}, p)
		ctx, cancel := context.WithCancel(t.Context())
		w := goWrite(ctx, m, "a", "x")
		time.Sleep(time.Second)
		cancel()
		<-w.done
		time.Sleep(time.Minute)
		assert.Empty(t, p.landed())
		assert.Zero(t, p.running)
	})
}

// The result that is there when a context ends is the result.
func TestSettledCallIsNotWithdrawn(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		ctx, cancel := context.WithCancel(t.Context())
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(ctx, 1, 1))
		c.Add([]byte("a"), "", raw("bad"), 0)
		m.lock()
		m.ledger.book.move(c, committed)
		m.ledger.book.move(c, done)
		c.failures = []Failure{{Index: 0, Err: errBad}}
		cancel()
		failures, err := c.withdraw(ctx.Err())
		m.unlock()
		require.NoError(t, err)
		assert.Len(t, failures, 1)
	})
}

// Nobody is told of failures that a stop causes.
func TestCancelledUploadIsNoFailureOfTheDestination(t *testing.T) {
	p := &memory{latency: time.Hour}
	seen := &changes{}
	cfg := Config{MaxAge: time.Second, Observer: seen, Refused: func(err error) bool { return !errors.Is(err, ErrClosed) }}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		ctx, cancel := context.WithCancel(t.Context())
		w := goWrite(ctx, m, "a", "x")
		closing := goWrite(t.Context(), m, "b", "y")
		time.Sleep(2 * time.Second)
		cancel()
		<-w.done
		synctest.Wait()
		require.NoError(t, m.Close(t.Context()))
		<-closing.done
		synctest.Wait()
		assert.Zero(t, seen.failed)
		assert.Zero(t, seen.parked)
	})
}
