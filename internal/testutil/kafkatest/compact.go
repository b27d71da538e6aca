package kafkatest

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// CreateCompacted makes a topic of which Kafka keeps the last record of each
// key. Tombstones stay for longer than any test.
func (c *Cluster) CreateCompacted(ctx context.Context, topic string, partitions int) error {
	configs := map[string]*string{}
	for name, value := range map[string]string{
		"cleanup.policy":            "compact",
		"min.cleanable.dirty.ratio": "0.01",
		"min.compaction.lag.ms":     "0",
		"segment.ms":                "100",
		"delete.retention.ms":       "86400000",
	} {
		configs[name] = &value
	}
	if _, err := c.admin.CreateTopic(ctx, int32(partitions), 1, configs, topic); err != nil {
		return fmt.Errorf("creating the compacted topic %s: %w", topic, err)
	}
	return nil
}

// Compact closes the log of a compacted topic as it is, by a record of an
// unused key in each partition, and returns when no key of before is there
// twice. A real broker does that when its cleaner comes round.
func (c *Cluster) Compact(ctx context.Context, topic string, filler []byte) error {
	ends, err := c.Ends(ctx, topic)
	if err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond) // longer than segment.ms: the next record begins a segment
	for p := range ends {
		r := &kgo.Record{Topic: topic, Partition: p, Key: fmt.Appendf(nil, "filler-%d-%d", p, ends[p]), Value: filler}
		if err := c.Produce(ctx, r); err != nil {
			return err
		}
	}
	if c.Fake != nil {
		c.Fake.Compact()
	}
	for {
		twice, err := c.twice(ctx, topic, ends)
		if err != nil || twice == "" {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the compaction of topic %s, where key %q is there twice: %w", topic, twice, ctx.Err())
		}
	}
}

// twice returns a key that is in a partition twice before an offset, if any.
func (c *Cluster) twice(ctx context.Context, topic string, before map[int32]int64) (string, error) {
	records, err := c.Records(ctx, topic)
	if err != nil {
		return "", err
	}
	seen := map[string]bool{}
	for _, r := range records {
		key := fmt.Sprintf("%d/%s", r.Partition, r.Key)
		if r.Offset >= before[r.Partition] || r.Key == nil {
			continue
		}
		if seen[key] {
			return string(r.Key), nil
		}
		seen[key] = true
	}
	return "", nil
}

// Records reads everything that is in a topic now, in order within each
// partition.
func (c *Cluster) Records(ctx context.Context, topic string) ([]*kgo.Record, error) {
	ends, err := c.Ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	from := map[int32]kgo.Offset{}
	left := map[int32]int64{}
	for p, end := range ends {
		if end > 0 {
			from[p], left[p] = kgo.NewOffset().AtStart(), end
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds...), kgo.Dialer(c.dial),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	if err != nil {
		return nil, fmt.Errorf("reading topic %s: %w", topic, err)
	}
	defer client.Close()
	var all []*kgo.Record
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("reading topic %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			all = append(all, r)
			if end, ok := left[r.Partition]; ok && r.Offset >= end-1 {
				delete(left, r.Partition) // the last record of a log is never compacted away
			}
		})
	}
	return all, nil
}
