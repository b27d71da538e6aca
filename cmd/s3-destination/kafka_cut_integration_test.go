//go:build integration && !nokafka

package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// cut kills the broker, has it lose what a partition has from an offset on, and
// starts it again.
func cut(t *testing.T, c *kafkatest.Cluster, offset int64) {
	t.Helper()
	c.Kill()
	require.NoError(t, c.Truncate("events", 0, offset))
	require.NoError(t, c.Restart(t.Context()))
	ends, err := c.Ends(t.Context(), "events")
	require.NoError(t, err)
	require.Equal(t, offset, ends[0])
}

// TestIntegrationApacheLosesTheEndOfALog, and other records get the offsets of those
// that are lost, before the next process comes and while one runs. Each record is
// stored once. Version 3.9.1 elects no leader when its only broker comes back, so
// that the records have the same leader epoch as those that are lost.
func TestIntegrationApacheLosesTheEndOfALog(t *testing.T) {
	c, err := kafkatest.Config{Version: "4.3.0"}.StartApache(t.Context())
	if errors.Is(err, kafkatest.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, c.CreateTopic(t.Context(), "events", 1))
	made := 0
	produce := func(n int) {
		for range n / 10 {
			require.NoError(t, c.Produce(t.Context(), kafkatest.Numbered("events", 1, made, 10, 300)...))
			made += 10
		}
	}
	s := s3test.StartT(t, s3test.Config{})
	config := strings.Replace(kafkaInput(sizing.OwnKafka, c, "events"), "heartbeat_interval: 300ms",
		"heartbeat_interval: 300ms, delivery: exactly_once, start_offset: earliest, metadata_max_age: 1s", 1) +
		strings.Replace(kafkaOutput(s, "json", ""), "{{source_range}}", "{{uuid}}", 1)
	produce(60)
	p := start(t, config)
	settle(t, c, "events", p)
	p.terminate(t)

	cut(t, c, 40)
	produce(40) // up to offset 80
	p = start(t, strings.Replace(config, "earliest", "latest", 1))
	settle(t, c, "events", p)
	assert.Contains(t, p.logs.String(), "its log was cut at offset 40, and 60 was committed")

	cut(t, c, 70)
	produce(40)
	settle(t, c, "events", p)
	assert.Contains(t, p.logs.String(), "its log was cut at offset 70, and 80 was committed")
	p.terminate(t)
	times := map[int64]int{}
	for _, o := range s.Objects("lake/") {
		for _, row := range rowsOf(t, o) {
			times[whole(t, row["id"])]++
		}
	}
	require.Len(t, times, made)
	for id, n := range times {
		require.Equal(t, 1, n, "%d\n%s", id, &p.logs)
	}
}
