package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxRecord is the largest record that both kinds of broker accept.
const maxRecord = 4 << 20

// Cluster is a running Kafka and a client of it. Its methods may be called from
// any goroutine.
type Cluster struct {
	// Seeds are the addresses of the brokers.
	Seeds []string
	// Fake is the cluster in this process, for injecting errors; nil where the
	// broker is a real one.
	Fake *kfake.Cluster
	// Guarded is the address of a real broker for clients that authenticate.
	Guarded string

	cfg    Config
	direct string // where the broker listens, whatever it tells its clients
	client *kgo.Client
	admin  *kadm.Client
	stop   func()
	once   sync.Once
	broker *broker // of a real cluster
}

// Start runs a fake cluster of one broker until its Close.
func Start() (*Cluster, error) { return Config{}.Start() }

// Start is like the function of that name.
func (cfg Config) Start() (*Cluster, error) {
	c := &Cluster{cfg: cfg}
	settings := map[string]string{"message.max.bytes": fmt.Sprint(maxRecord)}
	maps.Copy(settings, cfg.sessions())
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(c.listen),
		kfake.GroupMinSessionTimeout(100*time.Millisecond),
		kfake.BrokerConfigs(settings))
	if err != nil {
		return nil, fmt.Errorf("starting the fake cluster: %w", err)
	}
	c.Seeds, c.Fake, c.stop = fake.ListenAddrs(), fake, fake.Close
	if err := c.connect(); err != nil {
		fake.Close()
		return nil, err
	}
	return c, nil
}

// Connect returns a client of a cluster of one broker that somebody else runs.
// Its Close leaves the cluster alone.
func Connect(seed string) (*Cluster, error) {
	c := &Cluster{Seeds: []string{seed}, direct: seed, stop: func() {}}
	return c, c.connect()
}

// TB is what [StartT] needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(fn func())
	Fatalf(format string, args ...any)
}

// StartT runs a fake cluster for the length of a test.
func StartT(tb TB) *Cluster {
	tb.Helper()
	c, err := Start()
	if err != nil {
		tb.Fatalf("starting Kafka: %v", err)
	}
	tb.Cleanup(c.Close)
	return c
}

// connect makes the client that the methods use.
func (c *Cluster) connect() error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(c.Seeds...),
		kgo.Dialer(c.dial),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(maxRecord),
		kgo.ProducerLinger(time.Millisecond),
		kgo.MetadataMinAge(100*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
	)
	if err != nil {
		return fmt.Errorf("connecting to Kafka: %w", err)
	}
	c.client, c.admin = client, kadm.NewClient(client)
	return nil
}

// Close stops the cluster. It may be called twice.
func (c *Cluster) Close() {
	c.once.Do(func() {
		c.client.Close()
		c.stop()
	})
}

// Renew has the methods forget what they know of topics, of which one may have been
// deleted and made again.
func (c *Cluster) Renew() error {
	c.client.Close()
	return c.connect()
}

// CreateTopic makes a topic.
func (c *Cluster) CreateTopic(ctx context.Context, topic string, partitions int) error {
	if _, err := c.admin.CreateTopic(ctx, int32(partitions), 1, nil, topic); err != nil {
		return fmt.Errorf("creating topic %s: %w", topic, err)
	}
	return nil
}

// AddPartitions makes a topic larger, and returns when it can be produced to.
func (c *Cluster) AddPartitions(ctx context.Context, topic string, more int) error {
	before, err := c.Ends(ctx, topic)
	if err != nil {
		return err
	}
	answers, err := c.admin.CreatePartitions(ctx, more, topic)
	if err == nil {
		err = answers.Error()
	}
	if err != nil {
		return fmt.Errorf("adding partitions to topic %s: %w", topic, err)
	}
	last := int32(len(before) + more - 1)
	for {
		if leader, _, err := c.client.PartitionLeader(topic, last); err == nil && leader >= 0 {
			return nil
		}
		c.client.ForceMetadataRefresh()
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the partitions of topic %s: %w", topic, ctx.Err())
		}
	}
}

// Produce stores records in the partitions that they name, in order, and sets
// their offsets.
func (c *Cluster) Produce(ctx context.Context, records ...*kgo.Record) error {
	if err := c.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("producing: %w", err)
	}
	return nil
}

// Send hands a request to a cluster of one broker, once, and waits for the answer.
func (c *Cluster) Send(ctx context.Context, req kmsg.Request) error {
	if _, err := c.client.Broker(0).Request(ctx, req); err != nil {
		return fmt.Errorf("sending a request to Kafka: %w", err)
	}
	return nil
}

// Committed returns the offset that a group has committed in each partition of
// a topic: the next one that it would read. A partition without one is missing.
func (c *Cluster) Committed(ctx context.Context, group, topic string) (map[int32]int64, error) {
	var answers kadm.OffsetResponses
	err := patient(ctx, func() (err error) {
		if answers, err = c.admin.FetchOffsets(ctx, group); err == nil {
			err = answers.Error()
		}
		return err
	})
	offsets := map[int32]int64{}
	switch {
	case errors.Is(err, kerr.GroupIDNotFound):
		return offsets, nil // nobody has joined yet
	case err != nil:
		return nil, fmt.Errorf("reading the offsets of group %s: %w", group, err)
	}
	answers.Each(func(o kadm.OffsetResponse) {
		if o.Topic == topic && o.At >= 0 {
			offsets[o.Partition] = o.At
		}
	})
	return offsets, nil
}

// Ends returns the offset after the last record of each partition of a topic.
func (c *Cluster) Ends(ctx context.Context, topic string) (map[int32]int64, error) {
	var listed kadm.ListedOffsets
	err := patient(ctx, func() (err error) {
		if listed, err = c.admin.ListEndOffsets(ctx, topic); err == nil {
			err = listed.Error()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the ends of topic %s: %w", topic, err)
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends, nil
}

// Members returns the number of members of a group, and whether it is stable:
// no rebalance is under way.
func (c *Cluster) Members(ctx context.Context, group string) (n int, stable bool, err error) {
	var groups kadm.DescribedGroups
	err = patient(ctx, func() (err error) {
		if groups, err = c.admin.DescribeGroups(ctx, group); err == nil {
			err = groups.Error()
		}
		return err
	})
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // what Kafka 4 says of a group that it assigns to
		return 0, false, fmt.Errorf("describing group %s: %w", group, err)
	}
	if g := groups[group]; len(g.Members) > 0 {
		return len(g.Members), g.State == "Stable", nil
	}
	return c.assigned(ctx, group)
}

// assigned is Members for a group to which the brokers assign partitions. Such a
// group is stable when each of its members has what it was assigned.
func (c *Cluster) assigned(ctx context.Context, group string) (n int, stable bool, err error) {
	groups, err := c.admin.DescribeConsumerGroups(ctx, group)
	if errors.Is(err, kerr.GroupIDNotFound) || errors.Is(groups[group].Err, kerr.GroupIDNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("describing group %s: %w", group, err)
	}
	g := groups[group]
	return len(g.Members), strings.EqualFold(g.State, "Stable"), nil
}

// Protocol returns how the members of a group share its partitions: range and
// the like take all of them away at a rebalance, cooperative-sticky only those
// that move.
func (c *Cluster) Protocol(ctx context.Context, group string) (string, error) {
	groups, err := c.admin.DescribeGroups(ctx, group)
	if err == nil {
		err = groups.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return "", fmt.Errorf("describing group %s: %w", group, err)
	}
	if p := groups[group].Protocol; p != "" {
		return p, nil
	}
	assigned, err := c.admin.DescribeConsumerGroups(ctx, group)
	if err != nil {
		return "", fmt.Errorf("describing group %s: %w", group, err)
	}
	return assigned[group].AssignorName, nil
}

// Lag returns how many records of a topic a group has not committed.
func (c *Cluster) Lag(ctx context.Context, group, topic string) (int64, error) {
	_, lag, err := c.Progress(ctx, group, topic)
	return lag, err
}

// Progress returns how many records of a topic a group has committed, and how
// many it has not.
func (c *Cluster) Progress(ctx context.Context, group, topic string) (committed, lag int64, err error) {
	ends, err := c.Ends(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	offsets, err := c.Committed(ctx, group, topic)
	if err != nil {
		return 0, 0, err
	}
	for partition, end := range ends {
		committed += offsets[partition]
		lag += end - offsets[partition]
	}
	return committed, lag, nil
}

// patience is how long a broker that has just started, or is about to return,
// is asked again.
const patience = 30 * time.Second

// patient repeats a request while its error is one that passes.
func patient(ctx context.Context, ask func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := ask()
		if !kerr.IsRetriable(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
