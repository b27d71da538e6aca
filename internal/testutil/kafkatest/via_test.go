package kafkatest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
)

// detour puts a proxy that knows its clients before the broker of a cluster.
func detour(t *testing.T) (cfg kafkatest.Config, proxy func() *nettest.Proxy) {
	t.Helper()
	var p *nettest.Proxy
	return kafkatest.Config{Via: func(address string) (string, error) {
		var err error
		p, err = nettest.Start(nettest.Config{Target: address, Name: kafkatest.ClientID})
		require.NoError(t, err)
		t.Cleanup(p.Close)
		return p.Addr, nil
	}}, func() *nettest.Proxy { return p }
}

func TestFakeIsReachedByADetour(t *testing.T) {
	cfg, proxy := detour(t)
	c, err := cfg.Start()
	require.NoError(t, err)
	t.Cleanup(c.Close)
	checkDetour(t, c, proxy())
}

// checkDetour consumes through the proxy, and looks for a way around it.
func checkDetour(t *testing.T, c *kafkatest.Cluster, p *nettest.Proxy) {
	t.Helper()
	ctx := t.Context()
	assert.Equal(t, []string{p.Addr}, c.Seeds)
	require.NoError(t, c.CreateTopic(ctx, "events", 1))
	consumer, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...), kgo.ClientID("somebody"),
		kgo.ConsumeTopics("events"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer consumer.Close()
	require.NoError(t, c.Produce(ctx, kafkatest.Numbered("events", 1, 0, 1, 100)...))
	require.NoError(t, consumer.PollFetches(ctx).Err())
	assert.Positive(t, p.Connections("somebody"))

	p.SetAll(nettest.Refused)
	require.NoError(t, c.Produce(ctx, kafkatest.Numbered("events", 1, 1, 1, 100)...), "the cluster's own client goes directly")
	require.Error(t, consumer.Ping(ctx))
	p.SetAll(nettest.Open)
	require.NoError(t, consumer.PollFetches(ctx).Err())
}
