//go:build !nokafka

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// The inputs for Kafka, first our own, which is that of our examples. The input
// kafka rebalances eagerly, the others cooperatively.
var kafkaInputs = []string{sizing.OwnKafka, "kafka", "redpanda", "kafka_franz"}

// kafkaInput configures an input for a topic, in the group s3.
func kafkaInput(kind string, c *kafkatest.Cluster, topic string) string {
	seeds := `['` + strings.Join(c.Seeds, "','") + `']`
	const batching = "checkpoint_limit: 100000, batching: {count: 100, byte_size: 2000000, period: 100ms}"
	switch kind {
	case sizing.OwnKafka:
		return fmt.Sprintf(`
input:
  s3_destination_kafka: {seed_brokers: %s, topics: [%s], consumer_group: s3, multi_header: true, heartbeat_interval: 300ms}
`, seeds, topic)
	case "redpanda":
		return fmt.Sprintf(`
input:
  redpanda:
    seed_brokers: %s
    topics: [%s]
    consumer_group: s3
    start_offset: earliest
    commit_period: 200ms
    unordered_processing: {enabled: true, %s}
`, seeds, topic, batching)
	case "kafka_franz":
		return fmt.Sprintf(`
input:
  kafka_franz: {seed_brokers: %s, topics: [%s], consumer_group: s3, start_offset: earliest, commit_period: 200ms, %s}
`, seeds, topic, batching)
	}
	return fmt.Sprintf(`
input:
  kafka: {addresses: %s, topics: [%s], consumer_group: s3, start_from_oldest: true, multi_header: true, commit_period: 200ms, %s}
`, seeds, topic, batching)
}

// kafkaOutput lands everything in one folder.
func kafkaOutput(s *s3test.Server, format, extra string) string {
	return fmt.Sprintf(`
output:
  s3_destination:
    bucket: %s
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
    folder: lake
    file_name: '{{source_range}}'
    file_format: %s
    max_age: 500ms
    on_bad_record: dead_letter
    include_source_columns: [all]
%s`, s.Bucket, s.URL, s.AccessKey, s.SecretKey, format, extra)
}

// settle waits until a group has committed everything that a topic has.
func settle(t *testing.T, c *kafkatest.Cluster, topic string, p *process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		lag, err := c.Lag(ctx, "s3", topic)
		if err == nil && lag == 0 {
			return
		}
		select {
		case <-ctx.Done():
			require.FailNow(t, "records stay uncommitted", "lag %d, %v\n%s", lag, err, p.logs.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// place identifies a record of Kafka.
type place struct {
	partition int32
	offset    int64
}

// variety are records with everything that Kafka allows beside a value, and
// what the columns of each must be.
func variety(topic string, partitions, n int, repeated bool) (records []*kgo.Record, want map[int]map[string]any) {
	want = map[int]map[string]any{}
	began := time.UnixMilli(1751328000123).UTC()
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second)
		r := &kgo.Record{
			Topic: topic, Partition: int32(i % partitions), Timestamp: at,
			Value: fmt.Appendf(nil, `{"id":%d,"big":9007199254740993}`, i),
		}
		row := map[string]any{
			"id": i, "big": int64(9007199254740993), "kafka_topic": topic, "kafka_partition": i % partitions,
			"kafka_timestamp": at.Format("2006-01-02T15:04:05.000Z"), "kafka_key": nil, "kafka_headers": nil,
		}
		switch i % 3 {
		case 0:
			r.Key = fmt.Appendf(nil, "key \"%d\", Grüße", i)
			row["kafka_key"] = string(r.Key)
		case 1:
			r.Key = []byte{0, 0xFF, byte(i)}
			row["kafka_key"] = "base64:" + base64.StdEncoding.EncodeToString(r.Key)
		}
		if i%2 == 0 {
			r.Headers = []kgo.RecordHeader{{Key: "trace", Value: fmt.Append(nil, i)}, {Key: "bin", Value: []byte{0xFF}}}
			row["kafka_headers"] = fmt.Sprintf(`{"bin":"base64:/w==","trace":"%d"}`, i)
			if repeated {
				r.Headers = append(r.Headers, kgo.RecordHeader{Key: "trace", Value: []byte("again")})
				row["kafka_headers"] = fmt.Sprintf(`{"bin":"base64:/w==","trace":["%d","again"]}`, i)
			}
		}
		records, want[i] = append(records, r), row
	}
	return records, want
}

// requireVariety compares the rows of all objects with what was produced, and
// the name of each object with the offsets it holds.
func requireVariety(t *testing.T, s *s3test.Server, records []*kgo.Record, want map[int]map[string]any) {
	t.Helper()
	for i, r := range records {
		want[i]["kafka_offset"] = r.Offset
	}
	found := 0
	for _, o := range s.Objects("lake/") {
		if strings.HasPrefix(o.Key, "lake/_dead") {
			continue
		}
		ranges := map[int64][2]int64{}
		for _, row := range rowsOf(t, o) {
			id := int(whole(t, row["id"]))
			require.Contains(t, want, id)
			for name, v := range want[id] {
				require.Equal(t, shown(v), shown(row[name]), "record %d, %s", id, name)
			}
			require.Len(t, row, len(want[id]))
			p, offset := whole(t, row["kafka_partition"]), whole(t, row["kafka_offset"])
			r, ok := ranges[p]
			if !ok {
				r = [2]int64{offset, offset}
			}
			ranges[p] = [2]int64{min(r[0], offset), max(r[1], offset)}
			found++
		}
		for p, r := range ranges {
			assert.Contains(t, o.Key, fmt.Sprintf("events+%d+%010d-%010d", p, r[0], r[1]))
			assert.Contains(t, o.Metadata["s3d-source"], fmt.Sprintf("events/%d:%d-%d", p, r[0], r[1]))
		}
	}
	require.Equal(t, len(records), found)
}

func landVariety(t *testing.T, c *kafkatest.Cluster, kind, format string) {
	t.Helper()
	s := s3test.StartT(t, s3test.Config{})
	require.NoError(t, c.CreateTopic(t.Context(), "events", 3))
	records, want := variety("events", 3, 60, kind != "kafka_franz")
	require.NoError(t, c.Produce(t.Context(), records...))
	p := start(t, kafkaInput(kind, c, "events")+kafkaOutput(s, format, ""))
	settle(t, c, "events", p)
	p.terminate(t)
	requireVariety(t, s, records, want)
}

func TestKafkaCoordinatesBecomeColumnsInEveryFormat(t *testing.T) {
	long.Skip(t)
	for _, format := range []string{"csv", "csv+gzip", "json", "json+gzip", "parquet", "avro"} {
		t.Run(format, func(t *testing.T) {
			if format != "csv+gzip" && format != "avro" { // Parquet is below
				long.Skip(t)
			}
			t.Parallel()
			landVariety(t, kafkatest.StartT(t), sizing.OwnKafka, format)
		})
	}
}

func TestKafkaCoordinatesOfEveryInput(t *testing.T) {
	for _, kind := range kafkaInputs {
		t.Run(kind, func(t *testing.T) {
			if kind != sizing.OwnKafka {
				long.Skip(t)
			}
			t.Parallel()
			landVariety(t, kafkatest.StartT(t), kind, "parquet")
		})
	}
}

// landCompacted lands a compacted topic: offsets have gaps, and tombstones and
// empty values are no JSON.
func landCompacted(t *testing.T, c *kafkatest.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := s3test.StartT(t, s3test.Config{})
	require.NoError(t, c.CreateCompacted(ctx, "state", 2))
	for i := range 200 {
		r := &kgo.Record{Topic: "state", Partition: int32(i % 2), Key: fmt.Append(nil, i%14), Value: fmt.Appendf(nil, `{"id":%d}`, i)}
		switch {
		case i >= 186 && i%7 == 0:
			r.Value = nil
		case i >= 186 && i%7 == 1:
			r.Value = []byte{}
		}
		require.NoError(t, c.Produce(ctx, r))
	}
	require.NoError(t, c.Compact(ctx, "state", []byte(`{"id":-1}`)))
	left, err := c.Records(ctx, "state")
	require.NoError(t, err)
	require.Less(t, len(left), 50, "the topic is compacted")

	p := start(t, kafkaInput(sizing.OwnKafka, c, "state")+kafkaOutput(s, "json", ""))
	settle(t, c, "state", p)
	p.terminate(t)
	rows, letters := map[place]bool{}, map[place]string{}
	for _, o := range s.Objects("lake/") {
		if strings.HasPrefix(o.Key, "lake/_dead") {
			for _, l := range lettersOf(t, o) {
				letters[l.place()] = l.Payload
			}
			continue
		}
		for _, row := range rowsOf(t, o) {
			rows[place{int32(whole(t, row["kafka_partition"])), whole(t, row["kafka_offset"])}] = true
		}
	}
	assert.Len(t, letters, 4, "two tombstones and two empty values")
	for _, r := range left {
		at := place{r.Partition, r.Offset}
		if len(r.Value) == 0 {
			assert.Contains(t, letters, at)
		} else {
			assert.True(t, rows[at], "%v is missing", at)
		}
	}
	assert.Len(t, rows, len(left)-len(letters))
}

func TestKafkaCompactedTopicLandsWithItsGaps(t *testing.T) { landCompacted(t, kafkatest.StartT(t)) }
