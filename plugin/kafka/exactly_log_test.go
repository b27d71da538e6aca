package kafka_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// This file is about logs that are not what they were when a successor reads them
// again: what is left of them is stored, some of it twice.

// requireEach: records are in one object at least.
func (r *rig) requireEach(t *testing.T, ids []int, by ...*process) {
	t.Helper()
	objects, letters := r.stored(t)
	for _, id := range ids {
		require.Positive(t, objects[id]+letters[id], "%d\n%s", id, logsOf(by))
	}
}

// numbers are those from first on, below end.
func numbers(first, end int) (ids []int) {
	for id := first; id < end; id++ {
		ids = append(ids, id)
	}
	return ids
}

func TestRetentionDuringRecovery(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	first := r.abandon(t, options{})
	require.NoError(t, r.kafka.Fake.DeleteRecords("events", 0, 60))
	second := r.start(t, options{})
	r.settle(t, first, second)
	second.end()
	var left []int
	for _, id := range numbers(0, 300) {
		if id%3 != 0 || id/3 >= 60 {
			left = append(left, id)
		}
	}
	r.requireEach(t, left, second)
	assert.Contains(t, second.logs.String(), "cannot be formed again")
}

func TestCompactionDuringRecovery(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newBroker(t, s3test.Mode{})
	require.NoError(t, r.kafka.CreateCompacted(t.Context(), "events", 1))
	for id := range 300 {
		require.NoError(t, r.kafka.Produce(t.Context(), &kgo.Record{
			Topic: "events", Key: fmt.Append(nil, id%100), Value: fmt.Appendf(nil, `{"id":%d,"x":%d}`, id, id%5),
		}))
	}
	first := r.abandon(t, options{})
	require.NoError(t, r.kafka.Compact(t.Context(), "events", []byte(`{"id":300,"x":0}`)))
	second := r.start(t, options{})
	r.settle(t, first, second)
	second.end()
	r.requireEach(t, numbers(200, 301), second)
	assert.Contains(t, second.logs.String(), "cannot be formed again")
}

// admin is a client of the broker that nothing is done to.
func (r *rig) admin(t *testing.T) *kadm.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Seeds...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

// commits waits until nobody is in the group, and returns what it has committed.
func (r *rig) commits(t *testing.T) kadm.Offsets {
	t.Helper()
	require.Eventually(t, func() bool {
		n, _, err := r.kafka.Members(t.Context(), "g")
		return err == nil && n == 0
	}, 20*time.Second, 50*time.Millisecond)
	all, err := r.admin(t).FetchOffsets(t.Context(), "g")
	require.NoError(t, err)
	return all.Offsets()
}

// TestALogThatBecameShorter: a broker has lost the last records of a partition, and
// others get their offsets.
func TestALogThatBecameShorter(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	const lost = 40
	r := newRig(t)
	r.produce(t, 0, 300)
	first := r.abandon(t, options{})
	all := kadm.Offsets{} // those that were committed are not replaced by others for the same offset
	p0 := exactly.Source{Topic: "events"}
	r.commits(t).Each(func(o kadm.Offset) {
		epochs, err := exactly.Decode("events", o.Metadata)
		require.NoError(t, err)
		require.NotEmpty(t, epochs)
		for i := range epochs {
			if m, ok := epochs[i].Member(p0); ok && epochs[i].Closed {
				epochs[i].Lane[m].End += lost
			}
		}
		o.Metadata, err = exactly.Encode("events", epochs, exactly.DefaultLimit)
		require.NoError(t, err)
		all.Add(o)
	})
	require.NoError(t, r.admin(t).CommitAllOffsets(t.Context(), "g", all))
	r.produce(t, 300, lost/2*3) // fewer than were lost
	second := r.start(t, options{})
	n := 300 + lost/2*3
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); n += 3 {
		r.produce(t, n, 3)
		time.Sleep(20 * time.Millisecond)
	}
	r.settle(t, first, second)
	second.end()
	t.Log(second.logs)
	r.requireEach(t, numbers(0, n), second)
	assert.Contains(t, second.logs.String(), "cannot be formed again")
	again := 0
	objects, _ := r.stored(t)
	for _, n := range objects {
		again += n - 1
	}
	assert.LessOrEqual(t, again, 300+lost*3, "what comes after it is stored once")
}

// TestATopicThatWasMadeAgain: the broker kept what was committed for the earlier one.
func TestATopicThatWasMadeAgain(t *testing.T) {
	long.Skip(t)
	for name, n := range map[string]int{"and is shorter": 150, "and is longer": 900} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.produce(t, 0, 300)
			p := r.start(t, options{})
			r.settle(t, p)
			p.end()
			r.produce(t, 300, 300)
			first := r.abandon(t, options{})
			all := r.commits(t)
			require.NoError(t, r.kafka.Fake.DeleteTopic("events"))
			require.NoError(t, r.kafka.CreateTopic(t.Context(), "events", r.parts))
			require.NoError(t, r.admin(t).CommitAllOffsets(t.Context(), "g", all))
			require.NoError(t, r.kafka.Renew())
			r.produce(t, 1000, n)
			second := r.start(t, options{})
			r.settle(t, first, second)
			second.end()
			r.requireEach(t, numbers(1000, 1000+n), second)
			assert.Contains(t, second.logs.String(), "was made again")
			objects, _ := r.stored(t)
			for id := 1000; id < 1000+n; id++ {
				require.Equal(t, 1, objects[id], "%d", id)
			}
		})
	}
}

func TestMorePartitionsThanALaneHas(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newBroker(t, s3test.Mode{})
	r.parts = 130
	require.NoError(t, r.kafka.CreateTopic(t.Context(), "events", r.parts))
	r.produce(t, 0, 1300)
	first := r.abandon(t, options{})
	r.produce(t, 1300, 1300)
	r.succeed(t, options{}, first, 2730, func() { r.produce(t, 2600, 130) })
	r.requireNothingAnnounced(t)
}

// TestABrokerThatKeepsTooLittle: the program does not begin what it cannot do.
func TestABrokerThatKeepsTooLittle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 30)
	r.limit(256)
	p := r.start(t, options{})
	require.Eventually(t, func() bool {
		return strings.Contains(p.logs.String(), "the brokers store 256 bytes of metadata")
	}, 20*time.Second, 10*time.Millisecond, "%s", p.logs)
	p.end()
	objects, _ := r.stored(t)
	require.Empty(t, objects)
	committed, err := r.kafka.Committed(context.WithoutCancel(t.Context()), "g", "events")
	require.NoError(t, err)
	require.Empty(t, committed)
}
