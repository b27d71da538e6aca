package kafka

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// commitFor commits an offset of each partition for the group, with a leader epoch.
func commitFor(t *testing.T, c *kafkatest.Cluster, topic string, partitions int, offset int64, leader int32) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...))
	require.NoError(t, err)
	defer client.Close()
	offsets := kadm.Offsets{}
	for p := range int32(partitions) {
		offsets.Add(kadm.Offset{Topic: topic, Partition: p, At: offset, LeaderEpoch: leader})
	}
	require.NoError(t, kadm.NewClient(client).CommitAllOffsets(t.Context(), "g", offsets))
}

// cutAt has the broker say that what a leader wrote ends at an offset, and counts how
// often it was asked.
func cutAt(c *kafkatest.Cluster, at int64) *atomic.Int32 {
	asked := &atomic.Int32{}
	c.Fake.ControlKey(kmsg.OffsetForLeaderEpoch.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.Fake.KeepControl()
		asked.Add(1)
		return kafkatest.HistoriesEnd(r.(*kmsg.OffsetForLeaderEpochRequest), at), nil, true
	})
	return asked
}

// TestALogThatWasCutIsReadFromThere: the leader of the last record that is stored
// tells, although the log has grown since. Without it nothing is known.
func TestALogThatWasCutIsReadFromThere(t *testing.T) {
	for name, c := range map[string]struct {
		leader int32
		cut    int64
		want   string
	}{
		"cut":                       {0, 5, "0/5"},
		"not cut":                   {0, 8, "0/8"},
		"the broker does not know":  {0, -1, "0/8"},
		"an older version's commit": {-1, 5, "0/8"},
	} {
		t.Run(name, func(t *testing.T) {
			k := kafkatest.StartT(t)
			topic(t, k, "orders", 1, 10)
			commitFor(t, k, "orders", 1, 8, c.leader)
			asked := cutAt(k, c.cut)
			in := input(t, k, "orders", "protocol: classic\ndelivery: exactly_once\nstart_offset: latest")
			got := next(within(t, 20*time.Second), t, in)
			assert.Equal(t, c.want, got.values[0])
			assert.Equal(t, c.leader >= 0, asked.Load() > 0)
		})
	}
}

// TestCommitsCarryTheLeaderOfTheLastRecord, for whoever comes next.
func TestCommitsCarryTheLeaderOfTheLastRecord(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	require.NoError(t, c.Fake.MoveTopicPartition("orders", 0, c.Fake.LeaderFor("orders", 0)))
	require.NoError(t, c.Renew())
	produce(t, c, "orders", 1, 10, 12)
	leader := &atomic.Int32{}
	leader.Store(-7)
	watchCommits(c, func(_ int, req *kmsg.OffsetCommitRequest) (kmsg.Response, error, bool) {
		for _, p := range req.Topics[0].Partitions {
			if p.Offset == 12 {
				leader.Store(p.LeaderEpoch)
			}
		}
		return nil, nil, false
	})
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	ctx := within(t, 20*time.Second)
	for n := 0; n < 12; {
		r := next(ctx, t, in)
		n += len(r.values)
		require.NoError(t, r.ack(ctx, nil))
	}
	require.Eventually(t, func() bool { return leader.Load() != -7 }, 20*time.Second, 10*time.Millisecond)
	assert.EqualValues(t, 1, leader.Load())
}

// TestALogThatIsCutWhileItIsReadEndsTheSession: what comes next has offsets that may
// be announced.
func TestALogThatIsCutWhileItIsReadEndsTheSession(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	ctx := within(t, 20*time.Second)
	next(ctx, t, in)
	s := in.session
	asked := cutAt(c, 4)
	require.NoError(t, c.Fake.MoveTopicPartition("orders", 0, c.Fake.LeaderFor("orders", 0)))
	require.Eventually(t, s.over.Load, 20*time.Second, 10*time.Millisecond)
	assert.Positive(t, asked.Load())
}

// idle has an input take over a partition of which it has nothing to read.
func idle(ctx context.Context, t *testing.T, in *Input) *session {
	t.Helper()
	require.NoError(t, in.Connect(ctx))
	s := in.session
	require.Eventually(t, func() bool {
		s.exact.mu.Lock()
		defer s.exact.mu.Unlock()
		return len(s.exact.from) > 0
	}, 20*time.Second, 10*time.Millisecond)
	return s
}

// TestALogThatIsCutBeforeAnythingIsReadEndsTheSession: a new leader tells, or what was
// written in place of the lost records is never read.
func TestALogThatIsCutBeforeAnythingIsReadEndsTheSession(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	commitFor(t, c, "orders", 1, 10, 0)
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once\nstart_offset: latest")
	ctx := within(t, 20*time.Second)
	s := idle(ctx, t, in)
	cutAt(c, 4)
	require.NoError(t, c.Fake.MoveTopicPartition("orders", 0, c.Fake.LeaderFor("orders", 0)))
	require.Eventually(t, s.over.Load, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, "0/4", next(ctx, t, in).values[0])
}

// TestALogThatEndsBelowItsPositionEndsTheSession, although no leader tells: it was cut
// after the takeover had asked where it ends.
func TestALogThatEndsBelowItsPositionEndsTheSession(t *testing.T) {
	for start, want := range map[string]string{"latest": "0/10", "earliest": "0/0"} {
		t.Run(start, func(t *testing.T) {
			c := kafkatest.StartT(t)
			topic(t, c, "orders", 1, 10)
			commitFor(t, c, "orders", 1, 15, -1)
			endsOnce(c, 20)
			in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once\nstart_offset: "+start)
			ctx := within(t, 20*time.Second)
			s := idle(ctx, t, in)
			require.Eventually(t, s.over.Load, 20*time.Second, 10*time.Millisecond)
			if start == "latest" {
				in.drop(ctx, s)
				idle(ctx, t, in)
				produce(t, c, "orders", 1, 10, 12)
			}
			assert.Equal(t, want, next(ctx, t, in).values[0])
		})
	}
}

// endsOnce has the broker say once that a partition ends at an offset.
func endsOnce(c *kafkatest.Cluster, end int64) {
	c.Fake.ControlKey(kmsg.ListOffsets.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		req := r.(*kmsg.ListOffsetsRequest)
		if req.Topics[0].Partitions[0].Timestamp != -1 {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic = req.Topics[0].Topic
		p := kmsg.NewListOffsetsResponseTopicPartition()
		p.Offset = end
		topic.Partitions = append(topic.Partitions, p)
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
}

// TestRecordsThatBecameTooOldAreAllThatIsNotRead: a partition goes on at the start of
// its log, wherever new ones begin.
func TestRecordsThatBecameTooOldAreAllThatIsNotRead(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	commitFor(t, c, "orders", 1, 3, 0)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...))
	require.NoError(t, err)
	defer client.Close()
	upto := kadm.Offsets{}
	upto.Add(kadm.Offset{Topic: "orders", Partition: 0, At: 5})
	_, err = kadm.NewClient(client).DeleteRecords(t.Context(), upto)
	require.NoError(t, err)
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once\nstart_offset: latest")
	assert.Equal(t, "0/5", next(within(t, 20*time.Second), t, in).values[0])
	require.False(t, in.session.over.Load())
}

// TestWhatIsNotToBeReadHasNoOffset: the client reads none that the log does not have.
func TestWhatIsNotToBeReadHasNoOffset(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	commitFor(t, c, "orders", 1, 10, -1)
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once\nstart_offset: committed")
	ctx := within(t, 20*time.Second)
	s := idle(ctx, t, in)
	offsets := map[string]map[int32]kgo.Offset{"orders": {0: kgo.NewOffset().At(15)}}
	all, _, err := s.exact.found(ctx, offsets)
	require.NoError(t, err)
	assert.Empty(t, all)
	assert.Equal(t, kgo.NewOffset().AtCommitted(), offsets["orders"][0])
}
