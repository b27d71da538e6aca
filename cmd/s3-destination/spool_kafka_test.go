//go:build !nokafka

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
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
		clear(seen)
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
		return len(seen) == records
	}, 30*time.Second, 50*time.Millisecond, "%s", &p.logs)
	for place, n := range seen {
		assert.Equal(t, 1, n, place)
	}
	for _, o := range s.Objects("lake/") {
		assert.Contains(t, o.Key, "events+", "the range of offsets in the name")
		assert.Contains(t, o.Metadata, "s3d-source")
	}
	p.kill(t) // the group still waits for the first one, and so would a clean end
}
