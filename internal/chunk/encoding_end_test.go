package chunk

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// hooked is a Pipeline that has something done, or an error, each time something
// is to be encoded. n counts from 1.
type hooked struct {
	memory
	calls atomic.Int64
	hook  func(ctx context.Context, n int64) error
}

func (p *hooked) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	if err := p.hook(ctx, p.calls.Add(1)); err != nil {
		return nil, encode.Result{}, err
	}
	return p.memory.Encode(ctx, k, records, limit)
}

// closeNow closes a manager without waiting for anything.
func closeNow(m *Manager) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = m.Close(ctx)
}

// requireClosed fails unless each of n records of a call was reported for the end
// of the manager.
func requireClosed(t *testing.T, w *writing, n int) {
	t.Helper()
	<-w.done
	require.NoError(t, w.err)
	require.Len(t, w.failures, n)
	for _, f := range w.failures {
		require.ErrorIs(t, f.Err, ErrClosed)
	}
}

// Records that were reported as not stored before an encoder had begun with them
// are not encoded.
func TestChunkThatFailedBeforeItsEncoderBeginsIsNotEncoded(t *testing.T) {
	p := &greedy{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour}, p)
		w := goWrite(t.Context(), m, "a", "x")
		synctest.Wait()
		m.lock()
		m.seal(m.ledger.byAge[0], Size)
		m.startEncoding() // in a goroutine that wants the lock
		m.failAll(encoding)
		m.unlock()
		requireClosed(t, w, 1)
		synctest.Wait()
		assert.Empty(t, p.given)
	})
}

// What an encoder brings after its records were reported as not stored goes
// nowhere.
func TestEncodingThatOutlivesCloseStoresNothing(t *testing.T) {
	p := &slow{takes: time.Minute}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 2}, p)
		w := goWrite(t.Context(), m, "a", "x", "y")
		time.Sleep(time.Second)
		closeNow(m)
		requireClosed(t, w, 2)
		require.NoError(t, m.Close(t.Context()))
		assert.Zero(t, p.rows())
		atRest(t, m)
	})
}

// A chunk whose calls have all gone while it waited for an encoder is not given to
// one.
func TestNothingIsEncodedForCallsThatHaveGone(t *testing.T) {
	p := &greedy{}
	p.latency = 5 * time.Second
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 1}, p)
		busy := goWrite(t.Context(), m, "busy", "1")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", "x")
		synctest.Wait()
		cancel()
		<-gone.done
		<-busy.done
		synctest.Wait()
		assert.Equal(t, []int{1}, p.given)
		atRest(t, m)
	})
}

// The encoder hears that the last call has gone, and is not tried again with
// anything.
func TestEncodingIsCancelledWithItsCalls(t *testing.T) {
	p := &hooked{hook: func(ctx context.Context, _ int64) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	synctest.Test(t, func(t *testing.T) {
		seen := &changes{}
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 3, Observer: seen}, p)
		ctx, cancel := context.WithCancel(t.Context())
		w := goWrite(ctx, m, "a", "1", "2", "3")
		time.Sleep(time.Second)
		require.Equal(t, 1, m.chunksIn(encoding))
		cancel()
		<-w.done
		synctest.Wait()
		atRest(t, m)
		assert.Equal(t, int64(1), p.calls.Load())
		assert.Zero(t, seen.failed)
	})
}

// The search for records that cannot be encoded ends with the manager.
func TestSearchForBadRecordsEndsWithTheManager(t *testing.T) {
	p := &hooked{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 8}, p)
		p.hook = func(_ context.Context, n int64) error {
			if n == 3 {
				closeNow(m)
			}
			return errFragile
		}
		requireClosed(t, goWrite(t.Context(), m, "a", make([]string, 8)...), 8)
		require.NoError(t, m.Close(t.Context()))
		assert.Equal(t, int64(3), p.calls.Load())
	})
}

// The search ends with the manager also while a trial needs several objects for
// its records.
func TestTrialOfSeveralObjectsEndsWithTheManager(t *testing.T) {
	p := &hooked{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 8, MaxFileSize: 1}, p)
		p.hook = func(_ context.Context, n int64) error {
			switch n {
			case 1:
				return errFragile
			case 3:
				closeNow(m)
			}
			return nil
		}
		requireClosed(t, goWrite(t.Context(), m, "a", make([]string, 8)...), 8)
		require.NoError(t, m.Close(t.Context()))
		assert.Equal(t, int64(3), p.calls.Load(), "each object takes one record")
	})
}

// refusing is an Observer that has something done when a record is refused.
type refusing struct {
	silent
	do func()
}

func (r *refusing) Refused(BadRecordPolicy, error) { r.do() }

// The manager is closed between the search for bad records and the object of the
// others.
func TestCloseWhileBadRecordsAreAnnounced(t *testing.T) {
	p, obs := &fragile{}, &refusing{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 2, Observer: obs}, p)
		encoded := int64(0)
		obs.do = func() {
			closeNow(m)
			encoded = p.attempts.Load()
		}
		requireClosed(t, goWrite(t.Context(), m, "a", "error", "fine"), 2)
		require.NoError(t, m.Close(t.Context()))
		assert.Positive(t, encoded)
		assert.Equal(t, encoded, p.attempts.Load(), "the others are not encoded any more")
		atRest(t, m)
	})
}

// The manager is closed while dead letters are described: their memory is not
// charged to anybody afterwards.
func TestCloseWhileDeadLettersAreDescribed(t *testing.T) {
	p := &memory{}
	cfg := Config{MaxAge: time.Second, OnBadRecord: ToDeadLetter, DeadLetters: &costly{takes: time.Second}}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		require.NoError(t, c.Admit(t.Context(), 1, 1))
		c.Refuse(raw("x"), 0, errBad)
		go func() {
			defer c.Release()
			failures, err := c.Commit(t.Context())
			assert.NoError(t, err)
			assert.Len(t, failures, 1)
		}()
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, 1, m.chunksIn(encoding))
		closeNow(m)
		require.NoError(t, m.Close(t.Context()))
		synctest.Wait()
		atRest(t, m)
	})
}
