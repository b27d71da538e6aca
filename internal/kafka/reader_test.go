package kafka

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// bench is a reader that is fed by hand.
func bench(limit int64, partitions ...int32) *reader {
	r := newReader(&Config{maxBuffered: limit}, newMetrics(service.MockResources().Metrics()))
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
				largest = max(largest, len(d.batch))
			}
		}
		require.Less(t, r.underway, 400, "the slots of the output stay free")
		require.Greater(t, largest, 20)
	})
}

func TestALoneRecordIsHandedOutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bench(64<<20, 0)
		feed(r, 0, 0, 1, 10)
		before := time.Now()
		d, err := r.next(t.Context())
		require.NoError(t, err)
		require.Len(t, d.batch, 1)
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
		for r.order != nil && len(r.order) > 0 {
			d, err := r.next(t.Context())
			require.NoError(t, err)
			all = append(all, d)
		}
		for _, d := range all {
			r.settle(d, d.batch.Index(), nil)
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
			r.settle(d, d.batch.Index(), errors.New("down"))
			d, err = r.next(t.Context())
			require.NoError(t, err)
			require.Len(t, d.batch, 3)
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
	r.settle(d, d.batch.Index(), context.Canceled)
	other, err := r.next(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(1), other.part.id)
	feed(r, 0, 10, 5, 100) // of a fetch that was under way: not ours any more
	r.settle(other, other.batch.Index(), nil)
	require.Zero(t, r.bytes)
	require.Empty(t, r.order)
	require.Empty(t, r.retries)
	_, _, due := d.part.offsets.due()
	require.False(t, due)
}

func TestOnlyAPrefixOfWhatIsStoredIsCommitted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
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
