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

func TestFakeCompacts(t *testing.T) { compact(t, kafkatest.StartT(t)) }

// compact looks for what compaction leaves: the last record of each key,
// tombstones among them, at their offsets.
func compact(t *testing.T, c *kafkatest.Cluster) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, c.CreateCompacted(ctx, "state", 1))
	for _, r := range []*kgo.Record{
		{Key: []byte("a"), Value: []byte("1")},
		{Key: []byte("b"), Value: []byte("2")},
		{Key: []byte("a"), Value: []byte("3")},
		{Key: []byte("b"), Value: nil},
		{Key: []byte("c"), Value: []byte("4")},
	} {
		r.Topic = "state"
		require.NoError(t, c.Produce(ctx, r))
	}
	require.NoError(t, c.Compact(ctx, "state", []byte("{}")))
	records, err := c.Records(ctx, "state")
	require.NoError(t, err)
	found := map[int64]string{}
	for _, r := range records {
		found[r.Offset] = string(r.Key) + "=" + string(r.Value)
	}
	assert.Equal(t, map[int64]string{2: "a=3", 3: "b=", 4: "c=4", 5: "filler-0-5={}"}, found)
}

func TestConnectLeavesTheClusterAlone(t *testing.T) {
	c := kafkatest.StartT(t)
	other, err := kafkatest.Connect(c.Seeds[0])
	require.NoError(t, err)
	require.NoError(t, other.CreateTopic(t.Context(), "events", 1))
	none, err := other.Records(t.Context(), "events")
	require.NoError(t, err)
	assert.Empty(t, none)
	other.Close()
	ends, err := c.Ends(t.Context(), "events")
	require.NoError(t, err)
	assert.Equal(t, map[int32]int64{0: 0}, ends)
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
	protocol, err := c.Protocol(ctx, "group")
	require.NoError(t, err)
	assert.Equal(t, "cooperative-sticky", protocol)
	require.NoError(t, consumer.CommitUncommittedOffsets(ctx))
	committed, err = c.Committed(ctx, "group", "events")
	require.NoError(t, err)
	assert.Equal(t, map[int32]int64{0: 4, 1: 3, 2: 3}, committed)
	lag, err := c.Lag(ctx, "group", "events")
	require.NoError(t, err)
	assert.Zero(t, lag)
	require.NoError(t, c.AddPartitions(ctx, "events", 2))
}
