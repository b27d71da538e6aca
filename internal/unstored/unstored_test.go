package unstored

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
)

func batchOf(payloads ...string) service.MessageBatch {
	var batch service.MessageBatch
	for _, p := range payloads {
		batch = append(batch, service.NewMessage([]byte(p)))
	}
	return batch
}

func metaOf(batch service.MessageBatch) func(i int) record.Metadata {
	return func(i int) record.Metadata { return batch[i] }
}

func TestAccountOfWhatIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(nil, func(time.Duration) {})
		call := func(batch service.MessageBatch, err error) { a.End(a.Enter(len(batch)), metaOf(batch), err) }
		began := time.Now()
		call(batchOf("1", "2"), nil)
		assert.Zero(t, a.cutShort())
		call(batchOf("3"), ErrStopped)
		time.Sleep(time.Minute)
		call(batchOf("4", "5"), ErrStopped)
		assert.Equal(t, tally{batches: 2, records: 3, since: began}, a.cutShort())
		call(batchOf("6"), service.ErrNotConnected)
		assert.Equal(t, tally{batches: 3, records: 4, since: began}, a.cutShort(), "Benthos holds it")
		a.Connected()
		assert.Equal(t, tally{batches: 2, records: 3, since: began}, a.cutShort(), "and repeats it")
		call(batchOf("6"), errors.New("another"))
		assert.Equal(t, tally{batches: 2, records: 3, since: began}, a.cutShort())
		assert.Zero(t, a.waiting.count())
		time.Sleep(time.Minute)
		first, second := a.Enter(7), a.Enter(8)
		assert.Equal(t, tally{batches: 2, records: 15, since: began.Add(2 * time.Minute)}, a.waiting.count())
		a.End(first, nil, errors.New("another"))
		assert.Equal(t, tally{batches: 1, records: 8, since: began.Add(2 * time.Minute)}, a.waiting.count())
		a.End(second, nil, errors.New("another"))
		a.Close()
	})
}

func TestRecordsThatFailedCountUntilTheyAreStored(t *testing.T) {
	reason := errors.New("no")
	a := &Account{}
	a.GiveBack(batchOf("a", "b", "c"), []chunk.Failure{{Index: 0, Err: reason}, {Index: 2, Err: reason}})
	a.GiveBack(batchOf("a"), []chunk.Failure{{Index: 0, Err: reason}}) // once more
	n, err := a.failed.count()
	assert.Equal(t, 2, n)
	assert.Equal(t, reason, err)
	a.GiveBack(batchOf("a", "c"), []chunk.Failure{{Index: 1, Err: reason}})
	n, _ = a.failed.count()
	assert.Equal(t, 1, n, "a was stored beside c")
	a.settle(&Call{records: 2}, metaOf(batchOf("x", "c")), nil)
	n, err = a.failed.count()
	assert.Zero(t, n)
	require.NoError(t, err)
	assert.False(t, a.failed.some.Load(), "so that storing costs nothing again")
}

func TestRecordsOfKafkaAreKnownByTheirPlace(t *testing.T) {
	of := func(payload string, offset int) *service.Message {
		m := service.NewMessage([]byte(payload))
		m.MetaSetMut("kafka_topic", "t")
		m.MetaSetMut("kafka_partition", 0)
		m.MetaSetMut("kafka_offset", offset)
		return m
	}
	a := &Account{}
	a.GiveBack(service.MessageBatch{of("x", 1), of("x", 2)}, []chunk.Failure{{Index: 0}, {Index: 1}})
	n, _ := a.failed.count()
	assert.Equal(t, 2, n)
	a.settle(&Call{records: 1}, metaOf(service.MessageBatch{of("another shape", 1)}), nil)
	n, _ = a.failed.count()
	assert.Equal(t, 1, n)
}

func TestWhatOthersTakeCareOfDoesNotCount(t *testing.T) {
	m := service.NewMessage([]byte("a"))
	m.MetaSetMut("http_server_request_path", "/in")
	a := &Account{}
	a.GiveBack(service.MessageBatch{m}, []chunk.Failure{{Index: 0}})
	n, _ := a.failed.count()
	assert.Zero(t, n, "the client has its answer")
	a.elsewhere = goesElsewhere([]string{"output", "fallback", "0"})
	a.GiveBack(batchOf("b"), []chunk.Failure{{Index: 0}})
	n, _ = a.failed.count()
	assert.Zero(t, n)
	assert.True(t, goesElsewhere([]string{"output", "drop_on", "output"}))
	assert.True(t, goesElsewhere([]string{"output_resources"}), "nobody knows what is around it")
	assert.False(t, goesElsewhere([]string{"output", "broker", "outputs", "1"}))
	assert.False(t, goesElsewhere(nil))
}

func TestFailedRecordsAreBounded(t *testing.T) {
	a := &Account{}
	for i := range mostFailed + 10 {
		a.GiveBack(batchOf(fmt.Sprint(i)), []chunk.Failure{{Index: 0}})
	}
	n, _ := a.failed.count()
	assert.Equal(t, mostFailed, n)
}

func TestCallsThatAreCutShortSaySo(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	reason := errors.New("a reason")
	require.ErrorIs(t, Ended(stopped, context.Canceled), ErrStopped)
	require.ErrorIs(t, Ended(t.Context(), chunk.ErrClosed), ErrStopped)
	require.ErrorIs(t, Ended(t.Context(), health.ErrClosed), ErrStopped)
	require.Equal(t, reason, Ended(t.Context(), reason))
	require.NoError(t, Ended(t.Context(), nil))
	require.NoError(t, Ended(stopped, nil), "it is stored all the same")
	require.ErrorIs(t, Ended(stopped, service.ErrNotConnected), service.ErrNotConnected)
	partial := service.NewBatchError(batchOf("a", "b"), reason).Failed(0, reason)
	require.Equal(t, error(partial), Ended(stopped, partial))
}

func TestReportInOneLine(t *testing.T) {
	since := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	assert.False(t, Report{}.Any())
	a := Report{Batches: 277, Records: 138500, Since: since, Class: store.ClassNetwork, Cause: "connection refused", Destination: "bucket b at http://h"}
	assert.Equal(t, "Stopped with records that were not stored: 138500 records in 277 batches waited to be stored, the oldest since 2026-07-01T10:00:00Z. "+
		"Destination: bucket b at http://h. Reason (network): connection refused", a.String())
	b := Report{Batches: 1, Records: 1, Since: since.Add(-time.Hour), Returned: 2, Unreached: true, Class: store.ClassDenied, Cause: "no", Destination: "c"}
	for _, sum := range []Report{a.Plus(b), b.Plus(a)} {
		assert.Equal(t, 278, sum.Batches)
		assert.Equal(t, 138501, sum.Records)
		assert.Equal(t, 2, sum.Returned)
		assert.True(t, sum.Unreached)
		assert.Equal(t, since.Add(-time.Hour), sum.Since)
		assert.Equal(t, store.ClassNetwork, sum.Class, "that of most records")
	}
	assert.Equal(t, a, Report{}.Plus(a))
	assert.Equal(t, a, a.Plus(Report{}))
	assert.Contains(t, b.String(), "1 record in 1 batch waited")
	assert.Contains(t, b.String(), "2 records had been given back")
	assert.Contains(t, b.String(), "never reached")
	assert.True(t, Report{Unreached: true}.Any())
	assert.True(t, Report{Returned: 1}.Any())
}

func TestFlowTellsWhatArrivesAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(nil, func(time.Duration) {})
		assert.Zero(t, a.Flow(time.Now(), time.Second))
		for range 20 {
			a.End(a.Enter(30), nil, nil)
			time.Sleep(time.Second)
		}
		since := time.Now()
		first, second := a.Enter(1), a.Enter(2)
		f := a.Flow(time.Now(), 10*time.Second)
		assert.InEpsilon(t, 30, f.PerSecond, 0.1)
		f.PerSecond = 0
		assert.Equal(t, Flow{Records: 603, Batches: 2, Oldest: since}, f)
		a.End(first, nil, nil)
		a.End(second, nil, nil)
		time.Sleep(time.Minute)
		assert.Equal(t, Flow{Records: 603}, a.Flow(time.Now(), 10*time.Second))
		a.Close()
	})
}

// An input of requests is told whose record has failed, and whether it would again.
func TestFailuresOfRequestsSayWhoseTheyAre(t *testing.T) {
	for _, c := range []struct {
		path []string
		sole bool
	}{{[]string{"output"}, true}, {[]string{"output", "broker", "outputs", "0"}, false}, {nil, false}} {
		failuresOfRequests(t, NewAccount(c.path, func(time.Duration) {}), c.sole)
	}
}

func failuresOfRequests(t *testing.T, a *Account, sole bool) {
	t.Helper()
	batch := batchOf("1", "2", "3")
	batch[0].MetaSetMut(inflight.MetaRequest, int64(7))
	batch[1].MetaSetMut(inflight.MetaRequest, int64(8))
	bad, given := &chunk.Refusal{Reason: errors.New("bad")}, errors.New("given up")
	err := a.GiveBack(batch, []chunk.Failure{{Index: 0, Err: bad}, {Index: 1, Err: given}, {Index: 2, Err: given}})
	var failed *service.BatchError
	require.ErrorAs(t, err, &failed)
	var reasons []error
	failed.WalkMessages(func(_ int, _ *service.Message, reason error) bool { //nolint:staticcheck // the input does the same
		reasons = append(reasons, reason)
		return true
	})
	assert.Equal(t, []error{&inflight.Failure{Request: 7, Refused: true, Sole: sole, Err: bad}, &inflight.Failure{Request: 8, Sole: sole, Err: given}, given}, reasons)
	assert.EqualError(t, reasons[0], "bad")
	assert.ErrorIs(t, reasons[1], given)
}
