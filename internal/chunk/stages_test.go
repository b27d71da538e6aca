package chunk

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// chunksIn counts the chunks of a state.
func (m *Manager) chunksIn(s state) int {
	m.lock()
	defer m.unlock()
	return m.ledger.tallies[s].chunks
}

// betweenStages makes one object of a partition be uploaded and the next one wait
// for that: the store asks for fewer at once while it is being encoded.
func betweenStages(ctx context.Context, t *testing.T, m *Manager) (uploading, waiting *writing) {
	t.Helper()
	uploading = goWrite(ctx, m, "no", "1")
	time.Sleep(500 * time.Millisecond)
	waiting = goWrite(ctx, m, "no", "2")
	time.Sleep(700 * time.Millisecond)
	m.Throttled()
	time.Sleep(500 * time.Millisecond)
	require.Equal(t, 1, m.chunksIn(landing))
	require.Equal(t, 1, m.chunksIn(encoded))
	return uploading, waiting
}

// slowDenying is a Pipeline whose encoder takes a second and whose uploads take ten,
// and which refuses objects of partitions that begin with "no".
type slowDenying struct{ *denying }

func (p slowDenying) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	time.Sleep(time.Second)
	return p.denying.Encode(ctx, k, records, limit)
}

func stagesBubble(t *testing.T, refuses bool, test func(t *testing.T, m *Manager, p slowDenying)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := slowDenying{newDenying(func(Object) bool { return refuses })}
		p.latency = 10 * time.Second
		test(t, start(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 2, Refused: refusals403}, p), p)
	})
}

// When the store asks for fewer requests, what is encoded already waits for the
// uploads before it, and nothing more is encoded until then.
func TestObjectsWaitForUploadsWhenTheStoreAsksForFewer(t *testing.T) {
	p := &slow{takes: time.Second}
	p.latency = time.Minute
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 4}, p)
		var all []*writing
		for i := range 5 {
			all = append(all, goWrite(t.Context(), m, fmt.Sprint(i), "x"))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(550 * time.Millisecond) // the first is being uploaded
		m.Throttled()                      // two at once
		time.Sleep(time.Second)
		for s, n := range map[state]int{sealed: 1, encoding: 0, encoded: 2, landing: 2} {
			assert.Equal(t, n, m.chunksIn(s), s.String())
		}
		var took []time.Duration
		for _, w := range all {
			<-w.done
			assert.Empty(t, w.failures)
			took = append(took, w.took.Round(time.Second))
		}
		assert.Equal(t, []time.Duration{61 * time.Second, 61 * time.Second, 121 * time.Second, 121 * time.Second, 182 * time.Second}, took)
		assert.Equal(t, 2, p.peak)
	})
}

// An object that waits for its upload when the manager closes is not uploaded,
// and its call hears that at once.
func TestCloseBetweenEncodingAndUpload(t *testing.T) {
	stagesBubble(t, false, func(t *testing.T, m *Manager, p slowDenying) {
		uploading, waiting := betweenStages(t.Context(), t, m)
		began := time.Now()
		require.NoError(t, m.Close(t.Context()))
		for _, w := range []*writing{uploading, waiting} {
			<-w.done
			require.Len(t, w.failures, 1)
			require.ErrorIs(t, w.failures[0].Err, ErrClosed)
		}
		assert.Zero(t, time.Since(began))
		assert.Zero(t, p.rows())
		atRest(t, m)
	})
}

// An object that waits for its upload when its partition is parked is not
// uploaded: its records wait with the others.
func TestObjectBetweenEncodingAndUploadIsParkedWithItsPartition(t *testing.T) {
	stagesBubble(t, true, func(t *testing.T, m *Manager, p slowDenying) {
		betweenStages(t.Context(), t, m)
		time.Sleep(9500 * time.Millisecond)
		require.Len(t, p.tried(), 1)
		assert.Zero(t, m.chunksIn(landing))
		p.allow()
		time.Sleep(time.Minute)
		require.Len(t, p.landed(), 2)
		assert.Equal(t, []string{"1"}, p.landed()[0].lines)
		assert.Equal(t, []string{"2"}, p.landed()[1].lines)
	})
}

// An object that nobody waits for any more when its upload could begin is not
// uploaded.
func TestObjectThatIsNotWantedAnyMoreIsNotUploaded(t *testing.T) {
	stagesBubble(t, false, func(t *testing.T, m *Manager, p slowDenying) {
		ctx, cancel := context.WithCancel(t.Context())
		uploading, waiting := betweenStages(ctx, t, m)
		cancel()
		<-uploading.done
		<-waiting.done
		time.Sleep(time.Minute)
		assert.Empty(t, p.landed())
		atRest(t, m)
	})
}

// An upload that had to wait ends with its call like any other.
func TestUploadThatHadToWaitEndsWithItsCall(t *testing.T) {
	stagesBubble(t, false, func(t *testing.T, m *Manager, p slowDenying) {
		ctx, cancel := context.WithCancel(t.Context())
		uploading, waiting := betweenStages(ctx, t, m)
		<-uploading.done
		time.Sleep(time.Second)
		require.Equal(t, 1, m.chunksIn(landing))
		cancel()
		<-waiting.done
		synctest.Wait()
		assert.Zero(t, m.chunksIn(landing))
		assert.Equal(t, 1, p.rows())
		atRest(t, m)
	})
}

// A chunk that is due waits for an encoder, and is taken when one is free and
// not when somebody looks next.
func TestChunkThatIsDueIsEncodedAsSoonAsAnEncoderIsFree(t *testing.T) {
	p := &slow{takes: 400 * time.Millisecond}
	p.latency = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second, Uploads: 4, Encoders: 1}, p)
		goWrite(t.Context(), m, "a", "x")
		time.Sleep(100 * time.Millisecond)
		second := goWrite(t.Context(), m, "b", "x")
		<-second.done
		assert.Equal(t, 11700*time.Millisecond, second.took, "a is encoded until 1.4 s, b until 1.8 s")
	})
}

// The gauges come to rest also when the last upload ends long after its call has
// gone.
func TestGaugesComeToRestAfterTheLastUpload(t *testing.T) {
	p, obs := &deaf{takes: 10 * time.Second}, &counter{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second, Observer: obs}, p)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		<-goWrite(ctx, m, "a", "x").done
		assert.Equal(t, Stats{Uploading: 1, UploadLimit: 2}, withoutMemory(obs.observed()))
		time.Sleep(time.Minute)
		assert.Equal(t, Stats{UploadLimit: 2}, withoutMemory(obs.observed()))
	})
}

func withoutMemory(s Stats) Stats {
	s.HeldBytes = 0
	return s
}
