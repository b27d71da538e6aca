package kafka

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// TestWhatCannotBeReadIsGivenUp, so that a takeover ends although a topic of other
// members is gone or forbidden; but not because the brokers do not answer.
func TestWhatCannotBeReadIsGivenUp(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	topic(t, c, "secret", 1, 10)
	c.Fake.ControlKey(kmsg.ListOffsets.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		req := r.(*kmsg.ListOffsetsRequest)
		if len(req.Topics) == 0 || req.Topics[0].Topic != "secret" {
			return nil, nil, false
		}
		c.Fake.KeepControl()
		resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic = "secret"
		p := kmsg.NewListOffsetsResponseTopicPartition()
		p.ErrorCode = kerr.TopicAuthorizationFailed.Code
		topic.Partitions = append(topic.Partitions, p)
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...))
	require.NoError(t, err)
	defer client.Close()
	for _, tp := range []topicPartition{{"gone", 0}, {"secret", 0}, {"orders", 7}} {
		r := &rereading{Range: exactly.Range{Source: sourceOf(tp), To: 10}}
		left := map[topicPartition]*rereading{tp: r, {"orders", 0}: {Range: exactly.Range{To: 10}, quiet: -10}}
		silent, cancel := context.WithCancel(t.Context())
		cancel()
		for range 4 {
			vanished(silent, client, left)
		}
		require.Zero(t, r.quiet, "%v", tp)
		vanished(t.Context(), client, left)
		vanished(t.Context(), client, left)
		require.Contains(t, left, tp)
		vanished(t.Context(), client, left)
		require.NotContains(t, left, tp)
		assert.Equal(t, -7, left[topicPartition{"orders", 0}].quiet, "beside %v", tp)
	}
}

// TestErrorsOfOneTopicDoNotGiveUpAnother: what is there of the other one may be on its
// way.
func TestErrorsOfOneTopicDoNotGiveUpAnother(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	errors := 5
	c.Fake.ControlKey(kmsg.Fetch.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if errors == 0 {
			return nil, nil, false
		}
		errors--
		c.Fake.KeepControl()
		req := r.(*kmsg.FetchRequest)
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.TopicID = req.Topics[0].Topic, req.Topics[0].TopicID
		p := kmsg.NewFetchResponseTopicPartition()
		p.ErrorCode = kerr.TopicAuthorizationFailed.Code
		topic.Partitions = append(topic.Partitions, p)
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	s := &session{conf: in.conf, log: in.log}
	came := 0
	ctx := within(t, 20*time.Second)
	err := s.readAgain(ctx, []exactly.Range{{Source: exactly.Source{Topic: "orders"}, To: 10}}, func(_ topicPartition, records []*kgo.Record, _ int64) error {
		came += len(records)
		return nil
	})
	require.NoError(t, err)
	assert.Zero(t, errors)
	assert.Equal(t, 10, came)
}
