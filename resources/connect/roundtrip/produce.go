package roundtrip

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

const partitions = 3

// produce writes records to Kafka, and others behind them.
func produce(ctx context.Context, broker *kafkatest.Cluster, records []rec, others ...*kgo.Record) error {
	if err := broker.CreateTopic(ctx, topic, partitions); err != nil {
		return err
	}
	messages := make([]*kgo.Record, 0, len(records)+len(others))
	for i, r := range records {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		messages = append(messages, &kgo.Record{Topic: topic, Partition: int32(i % partitions), Key: key(i), Headers: headers(i), Value: text})
	}
	return broker.Produce(ctx, append(messages, others...)...)
}

// valueless are records whose values are no JSON: a tombstone and an empty value.
func valueless() []*kgo.Record {
	return []*kgo.Record{
		{Topic: topic, Partition: 0, Key: []byte("gone"), Headers: headers(0)},
		{Topic: topic, Partition: 1, Key: []byte("empty"), Value: []byte{}},
	}
}

// notText is no UTF-8.
var notText = []byte{0xff, 0xfe, 0}

// key is that of a record: none, text, or bytes.
func key(i int) []byte {
	switch i % 3 {
	case 0:
		return nil
	case 1:
		return fmt.Appendf(nil, "key %d", i)
	}
	return notText
}

// headers are those of every second record, with all that a value can be.
func headers(i int) []kgo.RecordHeader {
	if i%2 == 1 {
		return nil
	}
	return []kgo.RecordHeader{
		{Key: "bytes", Value: notText}, {Key: "empty", Value: []byte{}}, {Key: "none"}, {Key: "trace", Value: fmt.Append(nil, i)},
	}
}

// sourced is a row with the columns of the key and the headers of its record. asText
// says that the headers are JSON in a string.
func sourced(row func(rec) any, asText bool) func(rec) any {
	encoded := "base64:" + base64.StdEncoding.EncodeToString(notText)
	return func(r rec) any {
		full := rec{"kafka_key": nil, "kafka_headers": nil}
		for name, v := range row(r).(rec) {
			full[name] = v
		}
		i := r["id"].(int)
		switch i % 3 {
		case 1:
			full["kafka_key"] = string(key(i))
		case 2:
			full["kafka_key"] = encoded
		}
		if i%2 == 0 {
			full["kafka_headers"] = rec{"bytes": encoded, "empty": "", "none": nil, "trace": fmt.Sprint(i)}
			if asText {
				full["kafka_headers"] = fmt.Sprintf(`{"bytes":%q,"empty":"","none":null,"trace":"%d"}`, encoded, i)
			}
		}
		return full
	}
}
