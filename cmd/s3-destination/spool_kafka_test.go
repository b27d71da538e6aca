//go:build !nokafka

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// Offsets are committed when records are in the spool, also while S3 is away; they
// arrive after a kill, once each, with the coordinates that they had.
func TestKafkaOffsetsAreCommittedAfterTheSpool(t *testing.T) {
	const records = 500
	kafka, s := kafkatest.StartT(t), s3test.StartT(t, s3test.Config{})
	require.NoError(t, kafka.CreateTopic(t.Context(), "events", 3))
	require.NoError(t, kafka.Produce(t.Context(), kafkatest.Numbered("events", 3, 0, records, 100)...))
	outage := s.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	config := kafkaInput(sizing.OwnKafka, kafka, "events") + kafkaOutput(s, "json", fmt.Sprintf("    spool: {path: %s}\n", t.TempDir()))
	p := start(t, config)
	settle(t, kafka, "events", p)
	assert.NoError(t, askReady(t, p))
	assert.Empty(t, s.Keys("lake/"))
	p.kill(t)

	outage.Remove()
	p = start(t, config)
	seen := map[string]int{}
	require.Eventually(t, func() bool {
		seen = places(t, s)
		return len(seen) == records
	}, patience, 50*time.Millisecond, "%s", &p.logs)
	for place, n := range seen {
		assert.Equal(t, 1, n, place)
	}
	for _, o := range s.Objects("lake/") {
		assert.Contains(t, o.Key, "events+", "the range of offsets in the name")
		assert.Contains(t, o.Metadata, "s3d-source")
	}
	p.kill(t) // the group still waits for the first one, and so would a clean end
}

// places counts the objects that have each record of Kafka.
func places(t *testing.T, s *s3test.Server) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for _, o := range s.Objects("lake/") {
		for line := range bytes.Lines(o.Body) {
			var r struct {
				Topic     string `json:"kafka_topic"`
				Partition *int   `json:"kafka_partition"`
				Offset    *int   `json:"kafka_offset"`
			}
			require.NoError(t, json.Unmarshal(line, &r))
			require.NotNil(t, r.Offset, "%s", line)
			seen[fmt.Sprintf("%s/%d/%d", r.Topic, *r.Partition, *r.Offset)]++
		}
	}
	return seen
}

// A process is killed whose records are on disk, some of them in the bucket, and
// whose offsets are not committed. Kafka delivers all of them again.
func TestRecordsThatAreDeliveredAgainByKafkaAreStoredOnce(t *testing.T) {
	long.Skip(t)
	const records = 500
	kafka, s := kafkatest.StartT(t), s3test.StartT(t, s3test.Config{})
	require.NoError(t, kafka.CreateTopic(t.Context(), "events", 3))
	require.NoError(t, kafka.Produce(t.Context(), kafkatest.Numbered("events", 3, 0, records, 100)...))
	var answers atomic.Bool
	kafka.Fake.ControlKey(kmsg.OffsetCommit.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		kafka.Fake.KeepControl()
		if answers.Load() {
			return nil, nil, false
		}
		return refused(r.(*kmsg.OffsetCommitRequest)), nil, true
	})
	input := strings.Replace(kafkaInput(sizing.OwnKafka, kafka, "events"), "consumer_group: s3,", "consumer_group: s3, session_timeout: 2s,", 1)
	config := input + kafkaOutput(s, "json", fmt.Sprintf("    max_records: 70\n    spool: {path: %s, max_size: 512MiB}\n", t.TempDir()))
	p := start(t, config)
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), fmt.Sprintf(`output_sent{label="",path="root.output"} %d`, records)) && len(places(t, s)) > 0
	}, patience, 50*time.Millisecond, "%s", &p.logs)
	p.kill(t)

	answers.Store(true)
	p = start(t, config)
	settle(t, kafka, "events", p)
	require.Eventually(t, func() bool { return len(places(t, s)) == records }, patience, 50*time.Millisecond, "%s", &p.logs)
	assert.Contains(t, p.scrape(), fmt.Sprintf(`s3_destination_spool_redelivered_records_total{label="",path="root.output"} %d`, records))
	for place, n := range places(t, s) {
		assert.Equal(t, 1, n, place)
	}
	p.kill(t)
}

// refused is the answer of a coordinator that is not ready.
func refused(req *kmsg.OffsetCommitRequest) kmsg.Response {
	r := req.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, topic := range req.Topics {
		answer := kmsg.NewOffsetCommitResponseTopic()
		answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
		for _, partition := range topic.Partitions {
			p := kmsg.NewOffsetCommitResponseTopicPartition()
			p.Partition, p.ErrorCode = partition.Partition, kerr.CoordinatorLoadInProgress.Code
			answer.Partitions = append(answer.Partitions, p)
		}
		r.Topics = append(r.Topics, answer)
	}
	return r
}
