package kafka

import (
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// ownNames are the metadata that the `kafka` input gives each record, beside its
// headers.
var ownNames = [...]string{
	record.KafkaKey, record.KafkaPartition, record.KafkaTopic, record.KafkaOffset, record.KafkaLag,
	record.KafkaMillis, record.KafkaSeconds, record.KafkaTombstone,
}

// own is the value of one of [ownNames]; ok is false for any other name.
func own(r *kgo.Record, name string, highWater int64) (value any, ok bool) {
	switch name {
	case record.KafkaKey:
		return string(r.Key), true
	case record.KafkaPartition:
		return int(r.Partition), true
	case record.KafkaTopic:
		return r.Topic, true
	case record.KafkaOffset:
		return int(r.Offset), true
	case record.KafkaLag:
		return max(highWater-r.Offset-1, 0), true
	case record.KafkaMillis:
		return r.Timestamp.UnixMilli(), true
	case record.KafkaSeconds:
		return r.Timestamp.Unix(), true
	case record.KafkaTombstone:
		return r.Value == nil, true
	}
	return nil, false
}

// message makes a message of a record, with the metadata that the `kafka` input
// gives it, and a context that says where it comes from. The payload is that of
// the record and must not be changed.
func message(of *source.Batch, r *kgo.Record, highWater int64, multiHeader bool) *service.Message {
	m := service.NewMessageWithContext(of.At(r.Offset), r.Value)
	headers(r.Headers, multiHeader, m.MetaSetMut)
	for _, name := range ownNames {
		value, _ := own(r, name, highWater)
		m.MetaSetMut(name, value)
	}
	return m
}

// headers sets one value for each header, the last one where a name comes more
// than once; or, with multi, the list of all values.
func headers(all []kgo.RecordHeader, multi bool, set func(name string, value any)) {
	if !multi {
		for _, h := range all {
			set(h.Key, string(h.Value))
		}
		return
	}
	lists := map[string][]any{}
	for _, h := range all {
		lists[h.Key] = append(lists[h.Key], string(h.Value))
	}
	for name, values := range lists {
		set(name, values)
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
