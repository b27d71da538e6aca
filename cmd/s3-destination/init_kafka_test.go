package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/scaffold"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// What init writes for Kafka stores records below the day that they have in Kafka.
func TestThePipelineOfInitReadsKafka(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	c := kafkatest.StartT(t)
	require.NoError(t, c.CreateTopic(t.Context(), "events", 2))
	var records []*kgo.Record
	for i := range 10 {
		at := time.Date(2026, 7, 1+i%2, 12, 0, 0, 0, time.UTC)
		records = append(records, &kgo.Record{Topic: "events", Timestamp: at, Value: fmt.Appendf(nil, `{"id":%d}`, i)})
	}
	require.NoError(t, c.Produce(t.Context(), records...))
	text, err := scaffold.Choices{ExactlyOnce: true, Compression: "none"}.Pipeline()
	require.NoError(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, "pipeline.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	cmd := exec.Command(binary, "run", "--to", filepath.Join(dir, "out"), "--set", "http.enabled=false", path)
	cmd.Env = append(os.Environ(), "KAFKA_BROKERS="+strings.Join(c.Seeds, ","), "KAFKA_GROUP=s3")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	assert.Eventually(t, func() bool {
		lag, err := c.Lag(t.Context(), "s3", "events")
		return err == nil && lag == 0
	}, patience, 100*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), said.String())
	for _, day := range []string{"2026-07-01", "2026-07-02"} {
		found, err := filepath.Glob(filepath.Join(dir, "out/events/date="+day, "events-*.json"))
		require.NoError(t, err)
		assert.NotEmpty(t, found, said.String())
	}
}
