package kafka

import (
	"context"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/source"
)

// message makes a message of a record, with the metadata that the `kafka` input
// gives it, and a context that says where it comes from. The payload is that of
// the record and must not be changed.
func message(ctx context.Context, r *kgo.Record, highWater int64, multiHeader bool) *service.Message {
	m := service.NewMessageWithContext(
		source.WithCoordinates(ctx, source.Coordinates{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}), r.Value)
	headers(m, r.Headers, multiHeader)
	m.MetaSetMut("kafka_key", string(r.Key))
	m.MetaSetMut("kafka_partition", int(r.Partition))
	m.MetaSetMut("kafka_topic", r.Topic)
	m.MetaSetMut("kafka_offset", int(r.Offset))
	m.MetaSetMut("kafka_lag", max(highWater-r.Offset-1, 0))
	m.MetaSetMut("kafka_timestamp_ms", r.Timestamp.UnixMilli())
	m.MetaSetMut("kafka_timestamp_unix", r.Timestamp.Unix())
	m.MetaSetMut("kafka_tombstone_message", r.Value == nil)
	return m
}

// headers sets one value for each header, the last one where a name comes more
// than once; or, with multi, the list of all values.
func headers(m *service.Message, all []kgo.RecordHeader, multi bool) {
	if !multi {
		for _, h := range all {
			m.MetaSetMut(h.Key, string(h.Value))
		}
		return
	}
	lists := map[string][]any{}
	for _, h := range all {
		lists[h.Key] = append(lists[h.Key], string(h.Value))
	}
	for name, values := range lists {
		m.MetaSetMut(name, values)
	}
}

// cost is the memory that a record takes until it is acknowledged.
func cost(r *kgo.Record) int64 {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return int64(n)
}
