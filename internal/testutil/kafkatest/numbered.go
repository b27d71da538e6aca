package kafkatest

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Numbered returns records with the JSON {"id":N,"at":"2026-07-01T...","pad":"..."}
// for the ids first to first+n-1, spread over the partitions by turns. Each is
// about size bytes long, and its pad depends on its id, so that a mixed-up or
// damaged one is noticed. The dates fall on two days.
func Numbered(topic string, partitions, first, n, size int) []*kgo.Record {
	records := make([]*kgo.Record, 0, n)
	for id := first; id < first+n; id++ {
		records = append(records, &kgo.Record{
			Topic: topic, Partition: int32(id % partitions), Value: NumberedValue(id, size),
			Key: fmt.Appendf(nil, "key-%d", id),
		})
	}
	return records
}

// NumberedValue is the payload of the numbered record id.
func NumberedValue(id, size int) []byte {
	head := fmt.Sprintf(`{"id":%d,"at":"2026-07-%02dT%02d:%02d:%02dZ","pad":"`,
		id, 1+id%2, id/3600%24, id/60%60, id%60)
	word := fmt.Sprintf("%x.", uint64(id+1)*0x9E3779B97F4A7C15)
	pad := max(size-len(head)-2, 0)
	return []byte(head + strings.Repeat(word, pad/len(word)+1)[:pad] + `"}`)
}
