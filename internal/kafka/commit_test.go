package kafka

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// commits are the generations of the commits that a cluster has seen.
type commits struct {
	mu          sync.Mutex
	generations []int32
}

func (c *commits) add(req kmsg.Request) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generations = append(c.generations, req.(*kmsg.OffsetCommitRequest).Generation)
	return len(c.generations)
}

func (c *commits) seen() []int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]int32(nil), c.generations...)
}

// watchCommits has answer decide about each commit, which gets its number, from
// 1 on.
func watchCommits(c *kafkatest.Cluster, answer func(n int, req *kmsg.OffsetCommitRequest) (kmsg.Response, error, bool)) *commits {
	seen := &commits{}
	c.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.Fake.KeepControl()
		return answer(seen.add(req), req.(*kmsg.OffsetCommitRequest))
	})
	return seen
}

func TestACommitWithoutAnAnswerIsFollowedByANewGenerationOnly(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic")
	ctx := within(t, 30*time.Second)
	seen := watchCommits(c, func(n int, _ *kmsg.OffsetCommitRequest) (kmsg.Response, error, bool) {
		if n == 1 {
			return nil, errors.New("cut"), true // the connection ends
		}
		return nil, nil, false
	})
	require.NoError(t, next(ctx, t, in).ack(ctx, nil))
	require.Eventually(t, func() bool {
		offsets, err := c.Committed(ctx, "g", "orders")
		return err == nil && offsets[0] > 0
	}, 20*time.Second, 10*time.Millisecond)
	generations := seen.seen()
	require.Greater(t, generations[1], generations[0], "nothing follows in the generation of what may still arrive")
}

func TestNothingIsSentWhileACommitMayStillArrive(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic")
	ctx := within(t, 30*time.Second)
	first := next(ctx, t, in)
	seen := watchCommits(c, func(int, *kmsg.OffsetCommitRequest) (kmsg.Response, error, bool) {
		return nil, errors.New("cut"), true
	})
	s := in.session
	s.commits.mu.Lock() // keeps the commits that come by themselves from it
	own := &committer{client: s.client, group: "g", reader: s.reader, metrics: s.metrics, coordinator: -1, tenure: s.commits.tenure}
	defer s.commits.mu.Unlock()
	require.NoError(t, first.ack(ctx, nil))
	for range 3 {
		require.ErrorIs(t, own.commit(ctx, s.reader.partitions()), errUnanswered)
	}
	require.Len(t, seen.seen(), 1)
}

func TestTheMembershipOfAnotherIsNotTaken(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic")
	_ = next(within(t, 30*time.Second), t, in)
	member, generation := in.session.client.GroupMetadata()
	before := &committer{client: in.session.client, tenure: tenure{member, generation - 1}}
	require.Equal(t, tenure{member, generation}, before.current(), "the generation has moved on")
	before.tenure = tenure{"another", generation - 1}
	require.Equal(t, tenure{"another", generation - 1}, before.current())
}

func TestARefusedCommitIsMadeAgainBeforeThePartitionGoes(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic")
	ctx := within(t, 30*time.Second)
	var refused sync.Once
	watchCommits(c, func(_ int, req *kmsg.OffsetCommitRequest) (resp kmsg.Response, err error, handled bool) {
		refused.Do(func() {
			r := req.ResponseKind().(*kmsg.OffsetCommitResponse)
			for _, topic := range req.Topics {
				answer := kmsg.NewOffsetCommitResponseTopic()
				answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
				p := kmsg.NewOffsetCommitResponseTopicPartition()
				p.Partition, p.ErrorCode = topic.Partitions[0].Partition, kerr.RebalanceInProgress.Code
				answer.Partitions = append(answer.Partitions, p)
				r.Topics = append(r.Topics, answer)
			}
			resp, handled = r, true
		})
		return resp, nil, handled
	})
	first := next(ctx, t, in)
	in.mu.Lock()
	s := in.session
	in.mu.Unlock()
	require.NoError(t, first.ack(ctx, nil))
	require.NoError(t, s.commitLast(ctx, s.reader.partitions()))
	offsets, err := c.Committed(ctx, "g", "orders")
	require.NoError(t, err)
	require.Positive(t, offsets[0])
}

func TestRecentBrokersAreToldByTheirVersion(t *testing.T) {
	for guess, want := range map[string]bool{
		"v4.3": true, "v4.10": true, "v5.0": true, "at least v4.4": true,
		"v4.2": false, "v3.9": false, "not even v4.3": false, "between v4.2 and v4.3": false,
		"unknown custom version": false, "unknown custom version at least v4.3": false,
	} {
		require.Equal(t, want, recent(guess), guess)
	}
}

func TestRecordsBeforeAFaultOfAFetchAreRead(t *testing.T) {
	s := &session{reader: bench(64<<20, 0)}
	s.fault.log = service.MockResources().Logger()
	s.take(kgo.FetchTopic{Topic: "t", Partitions: []kgo.FetchPartition{{
		Records: []*kgo.Record{{Topic: "t", Value: []byte("x")}}, Err: errors.New("damaged batch"),
	}}})
	d, err := s.reader.next(t.Context())
	require.NoError(t, err)
	require.Len(t, d.records, 1)
}

// TestAFencedCommitAnnouncesNothing: R3. A commit is for the membership in which the
// partitions are owned, and one that the brokers refuse for it lets nothing be
// uploaded.
func TestAFencedCommitAnnouncesNothing(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	ctx := within(t, 30*time.Second)
	var fenced atomic.Bool
	fenced.Store(true)
	var members sync.Map
	seen := watchCommits(c, func(_ int, req *kmsg.OffsetCommitRequest) (kmsg.Response, error, bool) {
		members.Store(tenure{req.MemberID, req.Generation}, true)
		if !fenced.Load() {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, asked := range req.Topics {
			answer := kmsg.NewOffsetCommitResponseTopic()
			answer.Topic, answer.TopicID = asked.Topic, asked.TopicID
			p := kmsg.NewOffsetCommitResponseTopicPartition()
			p.Partition, p.ErrorCode = asked.Partitions[0].Partition, kerr.IllegalGeneration.Code
			answer.Partitions = append(answer.Partitions, p)
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, true
	})
	ticket := exactly.TicketOf(next(ctx, t, in).batch[0].Context())
	require.NotNil(t, ticket)
	require.True(t, ticket.Arrived(map[exactly.Target]exactly.Sum{1: {Records: 10, Digest: 1}}))
	_, slots, err := ticket.Ledger.Cut()
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(seen.seen()) >= 3 }, 20*time.Second, 10*time.Millisecond, "it is tried again")
	now, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, ticket.Ledger.Announced(now, slots[0]), context.Canceled)
	fenced.Store(false)
	require.NoError(t, ticket.Ledger.Announced(ctx, slots[0]))
	member, generation := in.session.client.GroupMetadata()
	members.Range(func(by, _ any) bool {
		require.Equal(t, tenure{member, generation}, by)
		return true
	})
}

// TestARefusedAnnouncementNamesItsPartition, also where the broker tells the topic by
// its id alone.
func TestARefusedAnnouncementNamesItsPartition(t *testing.T) {
	c := &committer{group: "g"}
	ids := map[string][16]byte{"orders": {1}, "events": {2}}
	partition := func(id int32, code int16) kmsg.OffsetCommitResponseTopicPartition {
		return kmsg.OffsetCommitResponseTopicPartition{Partition: id, ErrorCode: code}
	}
	stored, refused := c.refusals(&kmsg.OffsetCommitResponse{Topics: []kmsg.OffsetCommitResponseTopic{
		{TopicID: ids["events"], Partitions: []kmsg.OffsetCommitResponseTopicPartition{partition(3, 0), partition(4, kerr.IllegalGeneration.Code)}},
		{Topic: "orders", Partitions: []kmsg.OffsetCommitResponseTopicPartition{partition(5, kerr.UnknownMemberID.Code)}},
	}}, ids)
	require.Equal(t, 1, stored)
	require.Len(t, refused, 2)
	require.ErrorIs(t, refused[0], kerr.IllegalGeneration)
	require.ErrorContains(t, refused[0], "committing what is announced of events/4 for group g: ")
	require.ErrorIs(t, refused[1], kerr.UnknownMemberID)
	require.ErrorContains(t, refused[1], "committing what is announced of orders/5 for group g: ")
}
