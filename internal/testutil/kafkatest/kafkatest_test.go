package kafkatest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

func TestFakeKeepsRecordsAndOffsets(t *testing.T) {
	exercise(t, kafkatest.StartT(t))
}

// exercise uses everything that a cluster offers, with a consumer that is not
// ours.
func exercise(t *testing.T, c *kafkatest.Cluster) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, c.CreateTopic(ctx, "events", 3))
	committed, err := c.Committed(ctx, "group", "events")
	require.NoError(t, err)
	assert.Empty(t, committed)
	require.NoError(t, c.Produce(ctx, kafkatest.Numbered("events", 3, 0, 10, 100)...))

	consumer, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...), kgo.ConsumerGroup("group"),
		kgo.ConsumeTopics("events"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer consumer.Close()
	seen := map[int]bool{}
	for len(seen) < 10 {
		fetches := consumer.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			var v struct{ ID int }
			require.NoError(t, json.Unmarshal(r.Value, &v))
			assert.Equal(t, kafkatest.NumberedValue(v.ID, 100), r.Value)
			assert.Len(t, r.Value, 100)
			seen[v.ID] = true
		})
	}
	n, stable, err := c.Members(ctx, "group")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.True(t, stable)
	require.NoError(t, consumer.CommitUncommittedOffsets(ctx))
	committed, err = c.Committed(ctx, "group", "events")
	require.NoError(t, err)
	assert.Equal(t, map[int32]int64{0: 4, 1: 3, 2: 3}, committed)
	lag, err := c.Lag(ctx, "group", "events")
	require.NoError(t, err)
	assert.Zero(t, lag)
	require.NoError(t, c.AddPartitions(ctx, "events", 2))
}
