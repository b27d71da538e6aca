package kafka

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// bench is a reader that is fed by hand.
func bench(limit int64, partitions ...int32) *reader {
	r := newReader(&Config{maxBuffered: limit}, "", newMetrics(service.MockResources().Metrics()))
	for _, id := range partitions {
		r.own(topicPartition{"t", id})
	}
	return r
}

// feed adds n records of size bytes from offset on.
func feed(r *reader, partition int32, offset int64, n, size int) {
	f := kgo.FetchPartition{Partition: partition, HighWatermark: offset + int64(n)}
	for i := range n {
		f.Records = append(f.Records, &kgo.Record{Topic: "t", Partition: partition, Offset: offset + int64(i), Value: make([]byte, size)})
	}
	r.add("t", [16]byte{1}, f)
}

func TestBatchesGrowWithThoseThatAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bench(64<<20, 0)
		offset := int64(0)
		largest := 0
		for range 2000 { // a record each 10 ms, and nobody acknowledges
			feed(r, 0, offset, 1, 100)
			offset++
			time.Sleep(10 * time.Millisecond)
			r.mu.Lock()
			d, _ := r.choose(r.now())
			r.mu.Unlock()
			if d != nil {
				largest = max(largest, len(d.records))
			}
		}
		require.Less(t, r.underway, 400, "the slots of the output stay free")
		require.Greater(t, largest, 20)
	})
}

func TestSomeSlotsStayFreeHoweverFewThereAre(t *testing.T) {
	for slots, most := range map[int]int{1: 1, 8: 8, 100: 90} {
		synctest.Test(t, func(t *testing.T) {
			leave := inflight.Join("", &sink{slots: slots})
			defer leave()
			r := bench(64<<20, 0)
			var first *delivery
			handed := 0
			for i := range 1000 {
				feed(r, 0, int64(i), 1, 100)
				time.Sleep(time.Minute)
				r.mu.Lock()
				d, _ := r.choose(r.now())
				r.mu.Unlock()
				if d != nil {
					handed++
					first = cmp.Or(first, d)
				}
			}
			require.Equal(t, most, handed)
			r.settle(first, nil)
			d, err := r.next(t.Context())
			require.NoError(t, err)
			require.Len(t, d.records, 1000-most)
		})
	}
}

func TestALoneRecordIsHandedOutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bench(64<<20, 0)
		feed(r, 0, 0, 1, 10)
		before := time.Now()
		d, err := r.next(t.Context())
		require.NoError(t, err)
		require.Len(t, d.records, 1)
		require.Equal(t, before, time.Now())
	})
}

func TestAFullBatchDoesNotWaitForAnOlderOneToGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bench(64<<20, 0, 1)
		r.underway = 300
		feed(r, 0, 0, 1, 10)
		time.Sleep(time.Millisecond)
		feed(r, 1, 0, 10, 100<<10)
		r.mu.Lock()
		d, _ := r.choose(r.now())
		r.mu.Unlock()
		require.Equal(t, int32(1), d.part.id)
	})
}

func TestNothingIsFetchedBeyondTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bench(1<<20, 0)
		require.NoError(t, r.room(t.Context()))
		feed(r, 0, 0, 1000, 1000)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, r.room(ctx), context.DeadlineExceeded)
		var all []*delivery
		for len(r.order) > 0 {
			d, err := r.next(t.Context())
			require.NoError(t, err)
			all = append(all, d)
		}
		for _, d := range all {
			r.settle(d, nil)
		}
		require.NoError(t, r.room(t.Context()))
		require.Zero(t, r.bytes, "all that was counted is given back")
	})
}

func TestAFailedBatchComesBackLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bench(64<<20, 0)
		feed(r, 0, 0, 3, 10)
		last := time.Duration(0)
		d, err := r.next(t.Context())
		require.NoError(t, err)
		for range 4 {
			began := time.Now()
			r.settle(d, errors.New("down"))
			d, err = r.next(t.Context())
			require.NoError(t, err)
			require.Len(t, d.records, 3)
			require.Greater(t, time.Since(began), last)
			last = time.Since(began)
		}
	})
}

func TestAPartitionThatWasLostGivesEverythingBack(t *testing.T) {
	r := bench(64<<20, 0, 1)
	feed(r, 0, 0, 5, 100)
	d, err := r.next(t.Context())
	require.NoError(t, err)
	feed(r, 0, 5, 5, 100)
	feed(r, 1, 0, 1, 100)
	r.disown(r.leave([]topicPartition{{"t", 0}}))
	require.Error(t, d.part.lease.Err())
	r.settle(d, context.Canceled)
	other, err := r.next(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(1), other.part.id)
	feed(r, 0, 10, 5, 100) // of a fetch that was under way: not ours any more
	r.settle(other, nil)
	require.Zero(t, r.bytes)
	require.Empty(t, r.order)
	require.Empty(t, r.retries)
	_, _, due := d.part.offsets.due()
	require.False(t, due)
}

func TestWhatIsSaidAfterTheEndOfALeaseIsNoAcknowledgement(t *testing.T) {
	r := bench(64<<20, 0)
	feed(r, 0, 0, 5, 100)
	d, err := r.next(t.Context())
	require.NoError(t, err)
	r.disown(r.leave([]topicPartition{{"t", 0}}))
	r.settle(d, nil)
	_, _, due := d.part.offsets.due()
	require.False(t, due)
	require.Zero(t, r.bytes)
}

func TestAFailureWhileAPartitionLeavesIsNotTriedAgain(t *testing.T) {
	r := bench(64<<20, 0)
	feed(r, 0, 0, 5, 100)
	d, err := r.next(t.Context())
	require.NoError(t, err)
	r.leave([]topicPartition{{"t", 0}})
	r.settle(d, errors.New("down"))
	require.Empty(t, r.retries)
	require.Zero(t, r.bytes)
}

// failing is the outcome of a batch of which some messages have failed.
func failing(batch service.MessageBatch, at ...int) error {
	err := service.NewBatchError(batch, errors.New("refused"))
	for _, i := range at {
		_ = err.Failed(i, errors.New("refused"))
	}
	return err
}

func TestRecordsOfWhichNothingIsKnownComeAgain(t *testing.T) {
	for name, test := range map[string]struct {
		outcome func(batch service.MessageBatch) error
		want    []int64
	}{
		"one":           {func(b service.MessageBatch) error { return failing(b, 2) }, []int64{2}},
		"no indexes":    {func(b service.MessageBatch) error { return failing(b) }, []int64{0, 1, 2, 3, 4}},
		"another error": {func(service.MessageBatch) error { return errors.New("down") }, []int64{0, 1, 2, 3, 4}},
		"merged into one with another": {func(b service.MessageBatch) error { // as archive does
			return failing(service.MessageBatch{b[0], service.NewMessage(nil)}, 1)
		}, []int64{1, 2, 3, 4}},
		"one of two parts": {func(b service.MessageBatch) error { // as unarchive does
			return failing(service.MessageBatch{b[0], b[1], b[1].Copy(), b[2], b[3], b[4]}, 2)
		}, []int64{1}},
		"other partitions": {func(b service.MessageBatch) error {
			other := bench(64<<20, 1)
			feed(other, 1, 0, 1, 10)
			d, _ := other.next(context.Background())
			return failing(append(d.messages(false), b...), 0, 5)
		}, []int64{4}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := bench(64<<20, 0)
				feed(r, 0, 0, 5, 100)
				d, err := r.next(t.Context())
				require.NoError(t, err)
				r.settle(d, test.outcome(d.messages(false)))
				again, err := r.next(t.Context())
				require.NoError(t, err)
				var offsets []int64
				for _, record := range again.records {
					offsets = append(offsets, record.Offset)
				}
				require.Equal(t, test.want, offsets)
			})
		})
	}
}

func TestWithoutRoomBatchesDoNotGrowAndTheOutputIsAskedToMakeSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan struct{}, 100)
		leave := inflight.Join("", &sink{relieve: func() { asked <- struct{}{} }})
		defer leave()
		r := bench(16<<20, 0, 1)
		r.underway = 300 // of other partitions
		feed(r, 0, 0, 100, 150<<10)
		feed(r, 1, 0, 1, 10) // which would wait for more
		var got int
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = r.room(ctx) }()
		began := time.Now()
		for got < 101 {
			d, err := r.next(t.Context())
			require.NoError(t, err)
			got += len(d.records)
		}
		require.Equal(t, began, time.Now(), "nothing waits for more")
		<-asked
		require.Equal(t, relief, time.Since(began))
		cancel()
	})
}

func TestLagCountsWhatWasNeverStored(t *testing.T) {
	r := bench(64<<20, 0, 1)
	feed(r, 0, 100, 40, 10)
	p := r.owned[topicPartition{"t", 0}]
	require.Equal(t, int64(40), p.lag())
	d, err := r.next(t.Context())
	require.NoError(t, err)
	r.settle(d, nil)
	require.Zero(t, p.lag())
	r.ends(kadm.ListedOffsets{"t": {0: {Topic: "t", Partition: 0, Offset: 190}}})
	require.Equal(t, int64(50), p.lag(), "although nothing was fetched")
}

func TestOutputsAreToldToWriteAsLongAsAPartitionWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flushes := 0
		leave := inflight.Join("", &sink{flush: func() { flushes++ }})
		defer leave()
		r := bench(64<<20, 0, 1)
		feed(r, 0, 0, 1, 10)
		d, err := r.next(t.Context())
		require.NoError(t, err)
		parts := r.leave([]topicPartition{{"t", 0}})
		time.AfterFunc(100*time.Millisecond, func() { feed(r, 1, 0, 1, 10) }) // something else happens
		time.AfterFunc(900*time.Millisecond, func() { r.settle(d, nil) })
		require.True(t, r.settled(t.Context(), parts, time.Minute))
		require.Equal(t, 4, flushes)

		_, err = r.next(t.Context())
		require.NoError(t, err)
		parts = r.leave([]topicPartition{{"t", 1}})
		began := time.Now()
		require.False(t, r.settled(t.Context(), parts, time.Minute))
		require.Equal(t, time.Minute, time.Since(began))
	})
}

func TestOnlyAPrefixOfWhatIsStoredIsCommitted(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		o := offsets{committed: -1}
		n := rapid.IntRange(1, 20).Draw(t, "batches")
		var spans []*span
		for i := range n {
			spans = append(spans, o.begin(int64(i+1)*10, 0))
		}
		done := map[int]bool{}
		for _, i := range rapid.Permutation(indexes(n)).Draw(t, "order") {
			o.finish(spans[i])
			done[i] = true
			want := int64(0)
			for j := 0; done[j]; j++ {
				want = int64(j+1) * 10
			}
			offset, _, due := o.due()
			if want == 0 {
				if due {
					t.Fatalf("%d is due although the first batch is not stored", offset)
				}
			} else if !due || offset != want {
				t.Fatalf("due %v %d, want %d", due, offset, want)
			}
		}
	})
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
