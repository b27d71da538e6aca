package kafka

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// announced commits for a group that an object has the first records of partitions.
func announced(t *testing.T, c *kafkatest.Cluster, topic string, partitions int, records int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...))
	require.NoError(t, err)
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(t.Context(), topic)
	require.NoError(t, err)
	e := exactly.Epoch{ID: exactly.EpochID{1}, Clock: time.Now(), Closed: true}
	for p := range int32(partitions) {
		e.Lane = append(e.Lane, exactly.Member{
			Source: exactly.Source{Topic: topic, ID: p}, Print: exactly.PrintOf(topics[topic].ID), End: records,
		})
	}
	text, err := exactly.Encode(topic, []exactly.Epoch{e}, exactly.DefaultLimit)
	require.NoError(t, err)
	offsets := kadm.Offsets{}
	for p := range int32(partitions) {
		offsets.Add(kadm.Offset{Topic: topic, Partition: p, LeaderEpoch: -1, Metadata: text})
	}
	require.NoError(t, admin.CommitAllOffsets(t.Context(), "g", offsets))
}

// TestATakeoverThatLosesAPartitionGoesOnWithTheOthers: the member stays in the group,
// or each rebalance would come in the middle of a takeover and be followed by another.
func TestATakeoverThatLosesAPartitionGoesOnWithTheOthers(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 2, 10)
	announced(t, c, "orders", 2, 10)
	a := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	ctx := within(t, 30*time.Second)
	recovery := func() *exactly.Recovery {
		ticket := exactly.TicketOf(next(ctx, t, a).batch[0].Context())
		require.NotNil(t, ticket)
		return ticket.Recovery
	}
	ticket := exactly.TicketOf(next(ctx, t, a).batch[0].Context())
	first := ticket.Recovery
	require.NotNil(t, first)
	// An output gives the records back when it hears that the takeover has ended.
	first.OnDone(t, func() { ticket.Break(errNotStored) })
	s := a.session
	b := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	require.NoError(t, b.Connect(ctx))
	for again := first; again == first; {
		again = recovery()
		require.NotNil(t, again, "nothing is read before it has ended")
	}
	require.Same(t, s, a.session)
	require.False(t, s.over.Load())
	require.NoError(t, ticket.Ledger.Reason())
}

// tally counts.
type tally struct{ n atomic.Int64 }

func (c *tally) Incr(n int64, _ ...string) { c.n.Add(n) }

// TestOnlyWhatIsStoredOnceMoreIsCounted, and not what has gone to somebody else.
func TestOnlyWhatIsStoredOnceMoreIsCounted(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "protocol: classic\ndelivery: exactly_once")
	next(within(t, 20*time.Second), t, in)
	s, counted := in.session, &tally{}
	s.metrics.downgraded = counted
	records := []*kgo.Record{{Topic: "orders", Offset: 7}, {Topic: "orders", Offset: 8}}
	require.NoError(t, s.exact.onceMore(topicPartition{"orders", 1}, records, 9), "it is not ours")
	require.Zero(t, counted.n.Load())
	require.NoError(t, s.exact.onceMore(topicPartition{"orders", 0}, records, 9))
	require.EqualValues(t, 2, counted.n.Load())
}
