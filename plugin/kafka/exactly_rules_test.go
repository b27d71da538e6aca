package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestASilentlyNewMemberTakesOver: R5. JoinGroup is answered as if nobody knew the
// member: its client keeps the partitions, and somebody else may have had them.
func TestASilentlyNewMemberTakesOver(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	hung := r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/x=4", Do: s3test.Hang()})
	p := r.start(t, options{})
	require.Eventually(t, func() bool { return hung.Hits() > 0 }, 20*time.Second, 10*time.Millisecond, "%s", p.logs)
	r.kafka.Fake.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = kerr.RebalanceInProgress.Code
		return resp, nil, true
	})
	r.kafka.Fake.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
		resp.ErrorCode = kerr.UnknownMemberID.Code
		return resp, nil, true
	})
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), "taken this consumer for a new one") }, 20*time.Second, 10*time.Millisecond, "%s", p.logs)
	hung.Remove()
	r.produce(t, 300, 60)
	r.settle(t, p)
	p.end()
	r.requireOnce(t, 360, p)
}

// TestACommitWithoutAnAnswer: R6. Whether it is stored or not, and however late, the
// process becomes a new member, and what it had announced is not stored twice.
func TestACommitWithoutAnAnswer(t *testing.T) {
	long.Skip(t)
	const lost = -1
	for name, after := range map[string]time.Duration{"that is stored": 0, "that arrives in the next membership": 1500 * time.Millisecond, "that is lost": lost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.produce(t, 0, 300)
			var n atomic.Int32
			r.kafka.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
				r.kafka.Fake.KeepControl()
				if n.Add(1)%3 != 1 || n.Load() > 9 {
					return nil, nil, false
				}
				if after != lost {
					again := *req.(*kmsg.OffsetCommitRequest)
					time.AfterFunc(after, func() { r.late(&again) }) // arrives, but nobody hears of it
				}
				return nil, errors.New("cut"), true
			})
			p := r.start(t, options{})
			r.settle(t, p)
			r.produce(t, 300, 60)
			r.settle(t, p)
			p.end()
			require.Contains(t, p.logs.String(), "joining it anew")
			r.requireOnce(t, 360, p)
		})
	}
}

// late sends a commit of somebody else, as a network would that has held it back.
func (r *rig) late(req *kmsg.OffsetCommitRequest) {
	client, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Seeds...))
	if err != nil {
		return
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = client.Broker(0).Request(ctx, req)
}

// limit has the broker say how much metadata it stores with an offset.
func (r *rig) limit(bytes int) {
	r.kafka.Fake.ControlKey(int16(kmsg.DescribeConfigs), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.kafka.Fake.KeepControl()
		resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
		for _, asked := range req.(*kmsg.DescribeConfigsRequest).Resources {
			one := kmsg.NewDescribeConfigsResponseResource()
			one.ResourceType, one.ResourceName = asked.ResourceType, asked.ResourceName
			c := kmsg.NewDescribeConfigsResponseResourceConfig()
			c.Name, c.Value = "offset.metadata.max.bytes", kmsg.StringPtr(fmt.Sprint(bytes))
			one.Configs = append(one.Configs, c)
			resp.Resources = append(resp.Resources, one)
		}
		return resp, nil, true
	})
}

// TestMetadataStaysBelowTheLimitOfTheBroker: R4. A broker that finds it too long
// would store the rest of the commit.
func TestMetadataStaysBelowTheLimitOfTheBroker(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	const limit = 400
	r := newRig(t)
	var longest atomic.Int64
	r.limit(limit)
	r.kafka.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.kafka.Fake.KeepControl()
		for _, topic := range req.(*kmsg.OffsetCommitRequest).Topics {
			for _, p := range topic.Partitions {
				if p.Metadata != nil {
					longest.Store(max(longest.Load(), int64(len(*p.Metadata))))
				}
			}
		}
		return nil, nil, false
	})
	r.produce(t, 0, 900)
	p := r.start(t, options{output: "\n    max_age: 2s\n    max_records: 5\n"})
	r.settle(t, p)
	p.end()
	r.requireOnce(t, 900, p)
	assert.Positive(t, longest.Load())
	assert.LessOrEqual(t, longest.Load(), int64(limit))
}

// TestACommitThatIsStoredInPart: R4. It ends the membership, and costs copies of what
// was not stored of it, but no record. Less is announced then.
func TestACommitThatIsStoredInPart(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	var torn atomic.Bool
	r.kafka.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.kafka.Fake.KeepControl()
		asked := req.(*kmsg.OffsetCommitRequest)
		if len(asked.Topics[0].Partitions) < 2 || torn.Swap(true) {
			return nil, nil, false
		}
		rest := *asked
		topic := asked.Topics[0]
		topic.Partitions = topic.Partitions[1:]
		rest.Topics = []kmsg.OffsetCommitRequestTopic{topic}
		done := make(chan struct{})
		go func() { defer close(done); r.late(&rest) }()
		resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		answer := kmsg.NewOffsetCommitResponseTopic()
		answer.Topic, answer.TopicID = asked.Topics[0].Topic, asked.Topics[0].TopicID
		for i, p := range asked.Topics[0].Partitions {
			one := kmsg.NewOffsetCommitResponseTopicPartition()
			one.Partition = p.Partition
			if i == 0 {
				one.ErrorCode = kerr.OffsetMetadataTooLarge.Code
			}
			answer.Partitions = append(answer.Partitions, one)
		}
		resp.Topics = append(resp.Topics, answer)
		return resp, nil, true
	})
	r.produce(t, 0, 300)
	p := r.start(t, options{})
	r.settle(t, p)
	p.end()
	require.True(t, torn.Load())
	require.Contains(t, p.logs.String(), "only a part of the commit was stored")
	objects, _ := r.stored(t)
	for id := range 300 {
		require.Positive(t, objects[id], "%d", id)
		require.True(t, objects[id] == 1 || id%3 == 0, "%d", id)
	}
}

// TestOffsetsWithoutRecords: transactions that were aborted leave gaps, at the end
// of what was announced as well.
func TestOffsetsWithoutRecords(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Seeds...), kgo.TransactionalID("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer client.Close()
	transact := func(first, n int, end kgo.TransactionEndTry) {
		require.NoError(t, client.BeginTransaction())
		for id := first; id < first+n; id++ {
			require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: "events", Partition: int32(id % 3), Value: fmt.Appendf(nil, `{"id":%d,"x":%d}`, id, id%5)}).FirstErr())
		}
		require.NoError(t, client.EndTransaction(t.Context(), end))
	}
	transact(0, 90, kgo.TryCommit)
	transact(500, 30, kgo.TryAbort)
	transact(90, 30, kgo.TryCommit)
	transact(600, 30, kgo.TryAbort)
	first := r.abandon(t, options{})
	second := r.start(t, options{})
	require.Eventually(t, func() bool {
		objects, _ := r.stored(t)
		return len(objects) >= 120
	}, 30*time.Second, 50*time.Millisecond, "%s", logsOf([]*process{first, second}))
	second.end()
	objects, _ := r.stored(t)
	require.Len(t, objects, 120, "nothing of what was aborted")
	r.requireOnce(t, 120, first, second)
}

// TestNamesThatChangeCostCopiesAndNothingElse: R11. Where a record would go depends
// on who reads it.
func TestNamesThatChangeCostCopiesAndNothingElse(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	first := r.abandon(t, options{})
	second := r.start(t, options{processors: "mapping: 'root = this.assign({\"x\": this.x + 10})'"})
	r.settle(t, first, second)
	second.end()
	objects, _ := r.stored(t)
	for id := range 300 {
		require.Positive(t, objects[id], "%d", id)
	}
	assert.Contains(t, second.logs.String(), "cannot be formed again")
}

// TestARebalanceInTheMiddleOfATakeover: what is left of it goes on, and nobody leaves
// the group for it, which would be in the middle of the takeover of somebody else.
func TestARebalanceInTheMiddleOfATakeover(t *testing.T) {
	long.Skip(t)
	for name, each := range map[string]time.Duration{"that ends in time": time.Millisecond, "that takes longer": 15 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.produce(t, 0, 300)
			first := r.abandon(t, options{})
			began := make(chan struct{})
			r.commits(t)
			r.kafka.Fake.ControlKey(int16(kmsg.OffsetFetch), func(kmsg.Request) (kmsg.Response, error, bool) {
				close(began)
				r.kafka.Fake.DropControl()
				return nil, nil, false
			})
			slow := options{processors: fmt.Sprintf("sleep: {duration: %s}", each)}
			second := r.start(t, slow)
			<-began
			third := r.start(t, slow)
			r.produce(t, 300, 60)
			r.settle(t, first, second, third)
			r.mend(first)
			second.end()
			third.end()
			first.end()
			r.requireOnce(t, 360, first, second, third)
			assert.NotContains(t, logsOf([]*process{second, third}), "joining it anew")
			assert.NotContains(t, logsOf([]*process{second, third}), "cannot be formed again")
		})
	}
}
